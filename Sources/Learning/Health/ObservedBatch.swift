import Tensors

/// What health sees of the batch in hand, before it is known whether its records are learned. Memory is kept from step to
/// step.
final class ObservedBatch {
  /// Whether there is a batch that was neither counted nor forgotten.
  var isOpen = false
  private(set) var rows = 0
  /// Rows among them that histograms are of.
  private(set) var samples = 0
  /// By observed layer, what was counted of its units before the batch; nil: nothing is.
  let before: [UnitStats?]
  /// By observed layer; shape [samples × units].
  let outputs: [AlignedBuffer<Float>]
  /// By head; shape [rows × outputs].
  let logits: [AlignedBuffer<Float>]

  init(_ network: Network, _ observed: [ObservedLayer], every: Int) {
    before = observed.map { layer in layer.stats.map { UnitStats(units: $0.units) } }
    let samplesMax = (network.capacity + every - 1) / every
    outputs = observed.map { AlignedBuffer(count: samplesMax * $0.units) }
    logits = network.heads.map { AlignedBuffer(count: network.capacity * $0.shape.outputs) }
  }

  /// - Parameters:
  ///   - firstSample: The first row for the histograms; then each `every`-th.
  func look(_ network: Network, _ observed: [ObservedLayer], firstSample: Int, every: Int) {
    rows = network.count
    samples = 0
    for row in stride(from: firstSample, to: rows, by: every) {
      for (index, layer) in observed.enumerated() {
        (outputs[index].pointer + samples * layer.units).update(from: layer.y.from(row), count: layer.units)
      }
      samples += 1
    }
    for (place, head) in network.heads.enumerated() {
      let outputs = head.shape.outputs
      for row in 0..<rows {
        (logits[place].pointer + row * outputs).update(from: head.logits.from(row), count: outputs)
      }
    }
  }
}
