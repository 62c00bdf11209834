import Tensors

/// How large a step's gradient is and what clipping makes of it. Its buffers serve every step.
final class ClippingScales {
  /// What the gradient of each dense layer is multiplied by, and that of each table's rows.
  let segments, tables: AlignedBuffer<Float>
  /// Σ g² of each, after clipping.
  let segmentSquares, tableSquares: AlignedBuffer<Double>
  /// Of a global norm above its limit.
  var global: Float = 1
  let tail = AlignedBuffer<Float>(count: 16)

  init(segmentCount: Int, tableCount: Int) {
    segments = AlignedBuffer(count: segmentCount)
    tables = AlignedBuffer(count: tableCount)
    segmentSquares = AlignedBuffer(count: segmentCount)
    tableSquares = AlignedBuffer(count: tableCount)
  }
}

extension Learner {
  /// Measures the mean gradient and finds the scales that clip it; adaptive clipping changes the gradient itself.
  ///
  /// - Returns: L2 norm after clipping by value and before all other clipping; not finite where a value is not. And that of what
  ///   is used, after all clipping.
  func clipGradient(_ inverseCount: Float) -> (norm: Double, used: Double, wasClipped: Bool) {
    let clipping = spec.optimizers.clipping
    let size = gradientSize(inverseCount)
    guard size.squares.isFinite else { return (.nan, .nan, false) }
    var wasClipped = size.clipsValues
    scales.segments.buffer.update(repeating: 1)
    scales.tables.buffer.update(repeating: 1)
    scales.global = 1
    var squares = size.squares
    if let ratio = clipping.adaptive, clipUnits(inverseCount, ratio: ratio) {
      wasClipped = true
      measurePieces(inverseCount)
      squares = scales.segmentSquares.buffer.reduce(size.rowSquares, +)
    }
    if let limit = clipping.layerNorm {
      measureTables(inverseCount)
      if clipLayers(scales.segmentSquares, scales.segments, Double(limit)) { wasClipped = true }
      if clipLayers(scales.tableSquares, scales.tables, Double(limit)) { wasClipped = true }
      squares = scales.tableSquares.buffer.reduce(scales.segmentSquares.buffer.reduce(0, +), +)
    }
    var used = squares.squareRoot()
    if let limit = clipping.globalNorm, used > Double(limit) {
      scales.global = Float(Double(limit) / (used + 1e-6))
      wasClipped = true
      used = Double(limit)
    }
    return (size.squares.squareRoot(), used, wasClipped)
  }

  /// Σ g² of the mean gradient after clipping by value; NaN where it is not finite.
  private func gradientSize(_ inverseCount: Float) -> (squares: Double, rowSquares: Double, clipsValues: Bool) {
    let limit = spec.optimizers.clipping.value ?? .infinity
    var squares = 0.0
    for (index, segment) in monitor.segments.enumerated() {
      let part = squaredNorm(segment, inverseCount, limit: limit)
      monitor.pendingSquares[index] = part
      scales.segmentSquares[index] = part
      squares += part
    }
    let rowSquares = rowsNorm(inverseCount, limit: limit)
    squares += rowSquares
    guard spec.optimizers.clipping.value != nil, squares.isFinite else { return (squares, rowSquares, false) }
    var unclipped = 0.0
    for segment in monitor.segments { unclipped += squaredNorm(segment, inverseCount, limit: .infinity) }
    unclipped += rowsNorm(inverseCount, limit: .infinity)
    return (squares, rowSquares, unclipped != squares)
  }

  private func squaredNorm(_ range: Range<Int>, _ inverseCount: Float, limit: Float) -> Double {
    network.kernels.squaredNorm(
      count: range.count, back.vectors.pointer + range.lowerBound, inverseCount: inverseCount, limit: limit)
  }

  private func rowsNorm(_ inverseCount: Float, limit: Float) -> Double {
    network.kernels.squaredNorm(
      count: paddedToLanes(merged.rows.valueCount), merged.rows.values.pointer, inverseCount: inverseCount, limit: limit
    )
  }

  /// Whether any unit was over its limit; the units' gradients are means from here on.
  private func clipUnits(_ inverseCount: Float, ratio: Float) -> Bool {
    var over = 0
    for piece in optimizers.pieces {
      guard let units = piece.units else { continue }
      over += network.kernels.clipUnits(
        inputs: units.inputs, outputs: units.outputs, weights: network.parameters.pointer + piece.range.lowerBound,
        back.vectors.pointer + piece.range.lowerBound, inverseCount: inverseCount,
        valueLimit: spec.optimizers.clipping.value ?? .infinity, ratio: ratio, epsilon: 1e-3)
    }
    return over > 0
  }

  private func measurePieces(_ inverseCount: Float) {
    let limit = spec.optimizers.clipping.value ?? .infinity
    scales.segmentSquares.clear()
    for piece in optimizers.pieces {
      scales.segmentSquares[piece.segment] +=
        piece.units == nil
        ? squaredNorm(piece.range, inverseCount, limit: limit) : squaredNorm(piece.range, 1, limit: .infinity)
    }
  }

  /// Σ g² of each table's touched rows, which lie one table after the other.
  private func measureTables(_ inverseCount: Float) {
    let tables = network.tables
    let rows = merged.rows
    let limit = spec.optimizers.clipping.value ?? .infinity
    var row = 0
    var value = 0
    for (index, table) in tables.tables.enumerated() {
      let start = row
      let end = UInt32(table.firstRow + table.buckets)
      while row < rows.count && rows.rows.pointer[row] < end { row += 1 }
      let count = (row - start) * tables.gradientWidth(table)
      let whole = count & ~15
      let values = rows.values.pointer + value
      scales.tail.clear()
      scales.tail.pointer.update(from: values + whole, count: count - whole)
      scales.tableSquares[index] =
        network.kernels.squaredNorm(count: whole, values, inverseCount: inverseCount, limit: limit)
        + network.kernels.squaredNorm(count: 16, scales.tail.pointer, inverseCount: inverseCount, limit: limit)
      value += count
    }
  }

  /// Holds each layer's norm to the limit; whether any was over it.
  private func clipLayers(_ squares: AlignedBuffer<Double>, _ scales: AlignedBuffer<Float>, _ limit: Double) -> Bool {
    var isOver = false
    for index in 0..<squares.count where squares[index].squareRoot() > limit {
      let scale = limit / (squares[index].squareRoot() + 1e-6)
      scales[index] = Float(scale)
      squares[index] *= scale * scale
      isOver = true
    }
    return isOver
  }
}
