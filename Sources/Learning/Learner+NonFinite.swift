public import Tensors

extension Learner {
  /// The rows of `batch` that alone give a NaN or an infinity on the way forward or back, or a gradient so large that the
  /// sum over a whole step overflows, with the layer that shows it first and the input that causes it.
  ///
  /// Runs each row by itself over the learner's buffers: outputs and gradients of the step in hand are lost, parameters,
  /// statistics and health counts stay. An input is named where the row is sound without it.
  public func nonFiniteRows(in batch: FeatureBatch) -> [NonFiniteRow] {
    withArithmeticMode {
      defer { discardStep() }
      let single = spec.makeBatch(capacity: 1, weighsRecords: batch.weights != nil)
      single.count = 1
      var found: [NonFiniteRow] = []
      for row in 0..<batch.count {
        single.copyRow(row, of: batch, to: 0)
        guard let layer = firstNonFiniteLayer(single) else { continue }
        found.append(NonFiniteRow(row: row, layer: layer, feature: culprit(single, layer: layer)))
      }
      return found
    }
  }

  /// The first place, on the way forward and then back, where the one row of `batch` gives no number.
  private func firstNonFiniteLayer(_ batch: FeatureBatch) -> String? {
    network.forward(batch, countsHealth: false)
    let layout = network.layout
    if !isFinite(network.x.pointer, layout.inputWidth) { return "input" }
    for layer in network.observed where !isFinite(layer.y.pointer, layer.units) { return layer.name }
    if !network.isFinite(0) { return "output" }
    guard !batch.labels[0].isNaN else { return nil }
    let local = back.run(batch, dropoutSeed: dropoutSeed)
    if !local.lossSum.isFinite { return "loss" }
    for segment in layout.segments.reversed()
    where !isSmall(UnsafePointer(back.gradient.pointer) + segment.range.lowerBound, segment.range.count) {
      return segment.name
    }
    if layout.embeddingWidth > 0, !isSmall(network.inputGradient.pointer, layout.embeddingWidth) {
      return "embeddings"
    }
    return network.tables.tables.first { !hasSmallRows($0, batch) }.map { "embedding.\($0.name)" }
  }

  /// Whether the gradients of the rows that the one record's pairs pick are small: each is a pair's weight times what the
  /// sum, or the head, has.
  private func hasSmallRows(_ table: EmbeddingTables.Table, _ batch: FeatureBatch) -> Bool {
    guard let place = table.weightedPlace else { return true }
    let pairs = batch.weighted[place]
    let heaviest = pairs.places(of: 0).reduce(Float(0)) { max($0, abs(pairs.weights[$1])) }
    if table.dimension > 0,
      !isSmall(UnsafePointer(network.inputGradient.pointer) + table.column, table.dimension, times: heaviest)
    {
      return false
    }
    guard network.tables.wideWidth > 0, table.isWide else { return true }
    return network.heads.allSatisfy { isSmall($0.gradient.pointer, $0.shape.outputs, times: heaviest) }
  }

  /// The input without which the row is sound; nil: none alone.
  private func culprit(_ batch: FeatureBatch, layer: String) -> String? {
    for table in network.tables.tables {
      for slot in table.slots where network.values[0, slot] != FeatureBatch.noCategory {
        let row = Int(network.values[0, slot])
        let embedding = network.tables.weights.pointer + table.offset + row * table.dimension
        if !isFinite(embedding, table.dimension) { return table.name }
        let wide = network.tables.wideRows(table) + row * network.tables.wideWidth
        if !isFinite(wide, network.tables.wideWidth) { return table.name }
      }
    }
    for table in network.tables.tables {
      guard let place = table.weightedPlace, !batch.weighted[place].places(of: 0).isEmpty else { continue }
      let pairs = batch.weighted[place]
      let held = pairs.starts[1]
      pairs.open(0)
      defer { pairs.starts[1] = held }
      if firstNonFiniteLayer(batch) == nil { return table.name }
    }
    for (number, input) in spec.numbers.enumerated() where !batch.numbers[number].isNaN {
      let value = batch.numbers[number]
      batch.numbers[number] = .nan
      defer { batch.numbers[number] = value }
      if firstNonFiniteLayer(batch) == nil { return input.name }
    }
    return nil
  }

  /// Whether as many such rows as there are on all ranks have a finite sum; a NaN is not small.
  private func isSmall(_ values: UnsafePointer<Float>, _ count: Int, times factor: Float = 1) -> Bool {
    let most = Float.greatestFiniteMagnitude / Float(Self.rowsOfLargestStep)
    for index in 0..<count where !(abs(values[index]) * factor <= most) { return false }
    return true
  }

  /// More than any step has: the sum of so many gradients that are let through cannot overflow.
  private static let rowsOfLargestStep = 1 << 24

  private func isFinite(_ values: UnsafePointer<Float>, _ count: Int) -> Bool {
    for index in 0..<count where !values[index].isFinite { return false }
    return true
  }
}
