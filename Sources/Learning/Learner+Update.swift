import Tensors

// The agreed gradient becomes a change of the parameters.
extension Learner {
  /// Below it a sum of gradients times weights has lost its digits.
  private static let weightLeast = 1e-30
  /// A used gradient of a larger norm is not taken: its square, summed up over as many steps as anybody makes, is what
  /// optimisers keep of it, and has to be a number.
  static let gradientMost = 1e15

  func applyStep(labelled: Int, weight: Double, lossSum: Double) -> Update {
    precondition(labelled >= 0)
    defer { forgetRows() }
    sample.go()
    guard merged.moments.isFinite else { return Update(gradientNorm: .nan, wasClipped: false, isFinite: false) }
    var update = Update(gradientNorm: 0, wasClipped: false, isFinite: true)
    if labelled > 0, weight >= Self.weightLeast {
      let inverseCount = 1 / Float(weight)
      network.times?.begin()
      let gradient = clipGradient(inverseCount)
      guard gradient.norm.isFinite, gradient.used <= Self.gradientMost else {
        return Update(gradientNorm: .nan, wasClipped: false, isFinite: false)
      }
      guard gradient.norm <= gradientNormMax else {
        return Update(gradientNorm: gradient.norm, wasClipped: gradient.wasClipped, isFinite: true, isSkipped: true)
      }
      takeUpFacts()
      update.tookGradient = true
      update.gradientNorm = gradient.norm
      update.rate = optimizers.dense.rate(at: step)
      update.wasClipped = gradient.wasClipped
      network.times?.lap("all layers", .update)
      updateDense(inverseCount)
      updateRows(inverseCount)
      for head in network.heads {
        head.objective.updateTemperature(
          network.parameters.pointer, gradient: back.vectors.pointer, inverseCount: inverseCount)
      }
      network.times?.lap("embeddings", .update)
      optimizers.observe(lossSum: lossSum, weight: weight)
    } else {
      takeUpFacts()
    }
    for encoder in network.encoders { encoder.learn(merged, step: step, optimizers) }
    monitor.keep()
    sample.keep()
    step += 1
    if let watch { update.digest = watch.digest(of: self) }
    return update
  }

  private func updateDense(_ inverseCount: Float) {
    let limit = spec.optimizers.clipping.value
    let own = optimizers.dense.constants(step: step, inverseCount: inverseCount, valueLimit: limit)
    let wide = optimizers.wideNumbers?.constants(step: step, inverseCount: inverseCount, valueLimit: limit) ?? own
    var change = 0.0
    let looks = countsHealth && TensorMonitor.looks(at: step)
    for (index, piece) in optimizers.pieces.enumerated() {
      var constants = piece.isWide ? wide : own
      if !piece.isPenalized { constants = constants.withoutPenalties }
      if piece.units != nil {
        constants.inverseCount = 1
        constants.valueLimit = .infinity
      }
      constants.scale = scales.segments[piece.segment] * scales.global
      let start = piece.range.lowerBound
      let (weights, gradient) = (network.parameters.pointer + start, back.vectors.pointer + start)
      if looks {
        monitor.tensors.begin(
          piece.segment, piece.range, parameters: network.parameters.pointer, gradient: back.vectors.pointer,
          inverseCount: constants.inverseCount)
      }
      change += optimizers.optimizer(of: piece).update(
        network.kernels, weights: weights, gradient: gradient, start: piece.stateStart, count: piece.range.count,
        constants)
      if looks { monitor.tensors.end(piece.segment, piece.range, parameters: network.parameters.pointer) }
      let next = index + 1
      if next == optimizers.pieces.count || optimizers.pieces[next].segment != piece.segment {
        monitor.count(segment: piece.segment, change: change)
        network.times?.lap(network.layout.segments[piece.segment].name, .update)
        change = 0
      }
    }
  }

  private func updateRows(_ inverseCount: Float) {
    let tables = network.tables
    guard tables.rowCount > 0 else { return }
    tables.rowNotes?.mark(merged.rows)
    let limit = spec.optimizers.clipping.value
    let embedding = optimizers.embeddingRows
    let wide = optimizers.wideRows
    var constants = embedding.constants(step: step, inverseCount: inverseCount, valueLimit: limit)
    var wideConstants = wide.constants(step: step, inverseCount: inverseCount, valueLimit: limit)
    var row = 0
    var value = 0
    for (index, table) in tables.tables.enumerated() {
      let count = buckets.fill(merged.rows, from: row, table: table)
      guard count > 0 else { continue }
      if index < tables.occupancies.count { tables.occupancies[index].mark(buckets.pointer, count: count) }
      constants.scale = scales.tables[index] * scales.global
      wideConstants.scale = constants.scale
      let width = tables.gradientWidth(table)
      let gradient = merged.rows.values.pointer + value
      if table.dimension > 0 {
        _ = embedding.updateRows(
          network.kernels, buckets.pointer, count: count, width: table.dimension, weights: tables.weights.pointer,
          offset: table.offset, firstRow: table.firstRow, gradient: gradient, stride: width, constants)
      }
      if tables.wideWidth > 0, table.isWide {
        _ = wide.updateRows(
          network.kernels, buckets.pointer, count: count, width: tables.wideWidth, weights: tables.wideWeights.pointer,
          offset: table.firstRow * tables.wideWidth, firstRow: table.firstRow, gradient: gradient + table.dimension,
          stride: width, wideConstants)
      }
      row += count
      value += count * width
    }
  }
}

/// Touched rows of one table, numbered within it.
final class BucketList {
  private var storage = AlignedBuffer<UInt32>(count: 64)
  var pointer: UnsafePointer<UInt32> { UnsafePointer(storage.pointer) }

  /// Takes the rows of `table` from place `start` on; how many there are.
  func fill(_ rows: SparseRows, from start: Int, table: EmbeddingTables.Table) -> Int {
    let first = UInt32(table.firstRow)
    let end = UInt32(table.firstRow + table.buckets)
    if storage.count < rows.count { storage = AlignedBuffer(count: rows.count * 2) }
    var count = 0
    while start + count < rows.count && rows.rows.pointer[start + count] < end {
      storage.pointer[count] = rows.rows.pointer[start + count] - first
      count += 1
    }
    return count
  }
}
