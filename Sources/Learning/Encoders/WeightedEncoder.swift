import Tensors

/// The form of sparse inputs.
struct WeightedPlan: EncoderPlan {
  let width: Int

  var isLearned: Bool { true }
  func makeEncoder(_ site: EncoderSite) -> any InputEncoder { WeightedEncoder(site) }
}

/// Lists of (row, weight): Σ weight · row over each record's list, one input after the other; the last may go through the
/// activation, and is a whole first layer then. It learns the rows that a batch touched.
final class WeightedEncoder: InputEncoder {
  private let tables: EmbeddingTables
  private let x, gradient: Rows
  private let activation: InputActivation?
  private let gradients: RowGradients

  init(_ site: EncoderSite) {
    tables = site.model.tables
    (x, gradient) = (site.x, site.gradient)
    activation = InputActivation(
      site.model.spec, tables, x: site.x, capacity: site.capacity, learns: site.learns)
    gradients = RowGradients(tables, pairCapacity: 0)
  }

  private func pairs(_ table: EmbeddingTables.Table, _ batch: FeatureBatch) -> WeightedRows {
    guard let place = table.weightedPlace else { preconditionFailure("\(table.name) is no sparse input") }
    return batch.weighted[place]
  }

  func encode(_ context: LayerContext, _ batch: FeatureBatch) {
    checkRows(batch)
    for table in tables.weighted where table.dimension > 0 {
      TableKernels.gatherWeighted(
        rows: batch.count, width: table.dimension, table: tables.weights.pointer + table.offset,
        pairs: pairs(table, batch), x: x.column(table.column))
    }
    activation?.forward(context.kernels, rows: batch.count)
  }

  /// Traps on a row outside its table: such a batch does not belong to this model.
  private func checkRows(_ batch: FeatureBatch) {
    for table in tables.weighted {
      let limit = UInt32(table.buckets)
      let pairs = pairs(table, batch)
      let rows = pairs.rows
      var isInside = true
      for place in 0..<pairs.count(of: batch.count) where rows[place] >= limit { isInside = false }
      precondition(isInside, "a row of \(table.name) lies outside its table")
    }
  }

  func addLogits(_ batch: FeatureBatch, to heads: [Head]) {
    let wideWidth = tables.wideWidth
    guard wideWidth > 0 else { return }
    for table in tables.weighted where table.isWide {
      let pairs = pairs(table, batch)
      let (weights, rows, factors) = (tables.wideRows(table), pairs.rows, pairs.weights)
      for head in heads {
        for row in 0..<batch.count {
          let to = head.logits.from(row)
          for place in pairs.places(of: row) {
            let from = weights + Int(rows[place]) * wideWidth + head.wideColumn
            for output in 0..<head.shape.outputs { to[output] += factors[place] * from[output] }
          }
        }
      }
    }
  }

  func backward(_ context: LayerContext, rows: Int) {
    activation?.backward(context.kernels, rows: rows, inputGradient: gradient)
  }

  func collect(
    _ context: LayerContext, _ batch: FeatureBatch, rows: Range<Int>, heads: [Head], into share: StepShare
  ) {
    for table in tables.weighted {
      gradients.collect(batch, nil, rows: rows, of: table, inputGradient: gradient, heads: heads, into: share.rows)
    }
    context.times?.lap("embeddings", .touchedRows)
  }

  private func heaviest(_ pairs: WeightedRows) -> Float {
    pairs.places(of: 0).reduce(Float(0)) { heaviest, place in
      let size = abs(pairs.weights[place])
      return size.isNaN || heaviest.isNaN ? .nan : max(heaviest, size)
    }
  }

  func noteInputs(of batch: FeatureBatch, _ walk: WalkRecorder) {
    for table in tables.weighted {
      let pairs = pairs(table, batch)
      walk.note(
        "embedding.\(table.name)", .input, feature: table.name,
        given: .pairs(pairs.places(of: 0).count, heaviest: heaviest(pairs)), x.column(table.column).pointer,
        table.dimension)
    }
  }

  /// Those of the row that counts most: a pair's weight times what the sum, or the head, has.
  func noteGradients(of batch: FeatureBatch, heads: [Head], _ walk: WalkRecorder) {
    for table in tables.weighted {
      let (name, heaviest) = ("embedding.\(table.name)", heaviest(pairs(table, batch)))
      if table.dimension > 0 {
        walk.note(
          name, .rowGradient, feature: table.name, gradient.column(table.column).pointer, table.dimension,
          times: heaviest)
      }
      guard tables.wideWidth > 0, table.isWide else { continue }
      for head in heads {
        walk.note(name, .rowGradient, feature: table.name, head.gradient.pointer, head.shape.outputs, times: heaviest)
      }
    }
  }

  func makeUsual(_ batch: FeatureBatch) {
    for pairs in batch.weighted {
      for place in pairs.places(of: 0) { pairs.weights[place] = UsualValue.near(pairs.weights[place]) }
    }
  }

  func culprit(in batch: FeatureBatch, isSound: () -> Bool) -> String? {
    for table in tables.weighted {
      let pairs = pairs(table, batch)
      guard !pairs.places(of: 0).isEmpty else { continue }
      let held = pairs.starts[1]
      pairs.open(0)
      defer { pairs.starts[1] = held }
      if isSound() { return table.name }
    }
    return nil
  }
}
