import Tensors

// The agreed gradient becomes a change of the parameters.
extension Learner {
  func applyStep(labelled: Int) -> Update {
    precondition(labelled >= 0)
    let normalizer = network.normalizer
    defer { forgetRows() }
    guard normalizer.merged.isFinite else { return Update(gradientNorm: .nan, wasClipped: false, isFinite: false) }
    var update = Update(gradientNorm: 0, wasClipped: false, isFinite: true)
    if labelled > 0 {
      let inverseCount = 1 / Float(labelled)
      network.times?.begin()
      let size = gradientSize(inverseCount)
      guard size.squares.isFinite else { return Update(gradientNorm: .nan, wasClipped: false, isFinite: false) }
      update.gradientNorm = size.squares.squareRoot()
      update.wasClipped = size.clipsValues
      var scale: Float = 1
      if let limit = spec.clipping.globalNorm, update.gradientNorm > Double(limit) {
        scale = Float(Double(limit) / (update.gradientNorm + 1e-6))
        update.wasClipped = true
      }
      network.times?.lap("all layers", .update)
      updateDense(inverseCount: inverseCount, scale: scale)
      updateRows(inverseCount: inverseCount, scale: scale)
      network.times?.lap("embeddings", .update)
    }
    normalizer.running.merge(normalizer.merged)
    normalizer.refresh()
    step += 1
    return update
  }

  /// Σ g² of the mean gradient after clipping by value, embedding rows included; NaN where it is not finite.
  private func gradientSize(_ inverseCount: Float) -> (squares: Double, clipsValues: Bool) {
    let kernels = network.kernels
    let gradient = back.gradient.pointer
    let rows = merge.rows
    let limit = spec.clipping.value ?? .infinity
    var squares = 0.0
    for (index, segment) in monitor.segments.enumerated() {
      let part = kernels.squaredNorm(
        count: segment.count, gradient + segment.lowerBound, inverseCount: inverseCount, limit: limit)
      monitor.pendingSquares[index] = part
      squares += part
    }
    let sparseCount = paddedToLanes(rows.valueCount)
    squares += kernels.squaredNorm(count: sparseCount, rows.values.pointer, inverseCount: inverseCount, limit: limit)
    guard spec.clipping.value != nil, squares.isFinite else { return (squares, false) }
    var unclipped = 0.0
    for segment in monitor.segments {
      unclipped += kernels.squaredNorm(
        count: segment.count, gradient + segment.lowerBound, inverseCount: inverseCount, limit: .infinity)
    }
    unclipped += kernels.squaredNorm(
      count: sparseCount, rows.values.pointer, inverseCount: inverseCount, limit: .infinity)
    return (squares, unclipped != squares)
  }

  private func updateDense(inverseCount: Float, scale: Float) {
    var constants = dense.constants(inverseCount: inverseCount, scale: scale, valueLimit: spec.clipping.value)
    for (index, segment) in monitor.segments.enumerated() {
      let change = dense.update(
        network.kernels, weights: network.parameters.pointer, gradient: back.gradient.pointer,
        start: segment.lowerBound,
        count: segment.count, &constants)
      monitor.count(segment: index, change: change)
      network.times?.lap(network.layout.segments[index].name, .update)
    }
  }

  private func updateRows(inverseCount: Float, scale: Float) {
    let tables = network.tables
    guard tables.rowCount > 0 else { return }
    let limit = spec.clipping.value
    var constants = embeddingRows.constants(inverseCount: inverseCount, scale: scale, valueLimit: limit)
    var wideConstants = wideRows.constants(inverseCount: inverseCount, scale: scale, valueLimit: limit)
    var row = 0
    var value = 0
    for table in tables.tables {
      let count = buckets.fill(merge.rows, from: row, table: table)
      guard count > 0 else { continue }
      let width = tables.gradientWidth(table)
      let gradient = merge.rows.values.pointer + value
      if table.dimension > 0 {
        _ = embeddingRows.updateRows(
          network.kernels, buckets.pointer, count: count, width: table.dimension, weights: tables.weights.pointer,
          offset: table.offset, firstRow: table.firstRow, gradient: gradient, stride: width, &constants)
      }
      if tables.wideWidth > 0 {
        _ = wideRows.updateRows(
          network.kernels, buckets.pointer, count: count, width: tables.wideWidth, weights: tables.wideWeights.pointer,
          offset: table.firstRow * tables.wideWidth, firstRow: table.firstRow, gradient: gradient + table.dimension,
          stride: width, &wideConstants)
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
