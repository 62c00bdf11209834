public import Tensors

extension Learner {
  /// The rows of `batch` that alone give a NaN or an infinity on the way forward or back, or a gradient so large that the
  /// sum over a whole step overflows, with the layer that shows it first and the input that causes it.
  ///
  /// Runs each row by itself over the learner's buffers: outputs, gradients and health counts of the step in hand are
  /// lost, parameters, statistics and earlier counts stay. An input is named where the row is sound without it.
  public func nonFiniteRows(in batch: FeatureBatch) -> [NonFiniteRow] {
    withArithmeticMode {
      defer { discardStep() }
      let single = spec.makeBatch(capacity: 1, weighsRecords: batch.weights != nil)
      single.count = 1
      var found: [NonFiniteRow] = []
      for row in 0..<batch.count {
        single.copyRow(row, of: batch, to: 0)
        guard let (layer, isLarge) = firstUnsoundLayer(single) else { continue }
        found.append(NonFiniteRow(row: row, layer: layer, feature: culprit(single), isLarge: isLarge))
      }
      return found
    }
  }

  /// The first place, on the way forward and then back, where the one row of `batch` gives no number, else one where it gives
  /// a gradient that is large.
  private func firstUnsoundLayer(_ batch: FeatureBatch) -> (layer: String, isLarge: Bool)? {
    network.forward(batch, countsHealth: false)
    let layout = network.layout
    if !Finiteness.isFinite(network.x.pointer, layout.inputWidth) { return ("input", false) }
    for layer in network.observed where !Finiteness.isFinite(layer.y.pointer, layer.units) {
      return (layer.name, false)
    }
    if !network.isFinite(0) { return ("output", false) }
    guard !batch.labels[0].isNaN else { return nil }
    let local = back.run(batch, parts: nil, dropoutSeed: dropoutSeed)
    if !local.lossSum.isFinite { return ("loss", false) }
    var large: String?
    for segment in layout.segments.reversed() {
      let gradient = UnsafePointer(back.vectors.pointer) + segment.range.lowerBound
      if Finiteness.isSmall(gradient, segment.range.count) { continue }
      if !Finiteness.isFinite(gradient, segment.range.count) { return (segment.name, false) }
      large = large ?? segment.name
    }
    if layout.embeddingWidth > 0, !Finiteness.isSmall(network.inputGradient.pointer, layout.embeddingWidth) {
      guard Finiteness.isFinite(network.inputGradient.pointer, layout.embeddingWidth) else {
        return ("embeddings", false)
      }
      large = large ?? "embeddings"
    }
    for encoder in network.encoders where large == nil { large = encoder.overflow(of: batch, heads: network.heads) }
    return large.map { ($0, true) }
  }

  /// The input without which the row is sound; nil: none alone.
  private func culprit(_ batch: FeatureBatch) -> String? {
    for encoder in network.encoders {
      if let input = encoder.culprit(in: batch, isSound: { firstUnsoundLayer(batch) == nil }) { return input }
    }
    return nil
  }
}
