import CKernels

// Shapes and orders of summation are told in CKernels.h, beside each kernel of the same name. Everywhere `limit` clips
// the outputs to ± limit, where their derivative is then 0, and infinity leaves them alone.
extension Kernels {
  /// Z becomes Y in place.
  ///
  /// - Parameters:
  ///   - derivative: Takes f′(Z), with the stride of `z`; nil: not wanted.
  ///   - stats: Counts the outputs after clipping; clipped ones are saturated.
  package func activate(
    _ formula: ActivationFormula, rows: Int, units: Int, z: Rows, derivative: UnsafeMutablePointer<Float>?,
    limit: Float = .infinity, stats: UnitStats?
  ) {
    z.check(rows, units)
    withColumns(stats) {
      table.pointee.activate(
        ck_activation(rawValue: formula.rawValue), Int64(rows), Int64(units), z.pointer, derivative, Int64(z.stride),
        limit, $0)
    }
  }

  /// dY becomes dZ in place; `derivative` may be nil where the formula keeps none.
  package func activateBackward(
    _ formula: ActivationFormula, rows: Int, units: Int, dy: Rows, y: Rows, derivative: UnsafePointer<Float>?,
    limit: Float = .infinity, sums: UnsafeMutablePointer<Float>
  ) {
    dy.check(rows, units)
    y.check(rows, units)
    table.pointee.activate_backward(
      ck_activation(rawValue: formula.rawValue), Int64(rows), Int64(units), dy.pointer, y.pointer, derivative,
      Int64(dy.stride), limit, sums)
  }

  /// Leaky ReLU with a learned slope a unit, in place.
  ///
  /// - Parameters:
  ///   - kept: Takes what Z was, with its stride, for the way back; nil: none.
  ///   - slopes: `units` rounded up to 16.
  package func prelu(
    rows: Int, units: Int, z: Rows, kept: UnsafeMutablePointer<Float>?, slopes: UnsafePointer<Float>,
    limit: Float = .infinity, stats: UnitStats?
  ) {
    z.check(rows, units)
    withColumns(stats) {
      table.pointee.prelu(Int64(rows), Int64(units), z.pointer, kept, Int64(z.stride), slopes, limit, $0)
    }
  }

  /// dY becomes dZ in place; `sums` and `slopeGradient` are overwritten, `units` rounded up to 16 each.
  package func preluBackward(
    rows: Int, units: Int, dy: Rows, y: Rows, kept: UnsafePointer<Float>, slopes: UnsafePointer<Float>,
    limit: Float = .infinity, sums: UnsafeMutablePointer<Float>, slopeGradient: UnsafeMutablePointer<Float>
  ) {
    dy.check(rows, units)
    y.check(rows, units)
    table.pointee.prelu_backward(
      Int64(rows), Int64(units), dy.pointer, y.pointer, kept, Int64(dy.stride), slopes, limit, sums, slopeGradient)
  }

  /// Y = value · f(gate), where columns 0 ..< units of Z are the values and the next `units` the gates.
  ///
  /// - Parameters:
  ///   - z: Stride at least 2 · units + 16 (`rowStride(2 * units)` is). With `derives` it becomes ∂Y/∂Z, which
  ///     `gateBackward` wants.
  ///   - y: Other memory than `z`; zero beyond `units` up to whole lanes afterwards.
  package func gate(
    _ formula: GateFormula, rows: Int, units: Int, z: Rows, y: Rows, derives: Bool, limit: Float = .infinity,
    stats: UnitStats?
  ) {
    z.check(rows, 2 * units)
    y.check(rows, units)
    precondition(z.stride >= 2 * units + 16)
    withColumns(stats) {
      table.pointee.gate(
        ck_gate(rawValue: formula.rawValue), Int64(rows), Int64(units), z.pointer, Int64(z.stride), y.pointer,
        Int64(y.stride), limit, derives ? 1 : 0, $0)
    }
  }

  /// dZ of 2 · units columns from dY of `units`.
  ///
  /// - Parameters:
  ///   - partials: What `gate` made of `z`.
  ///   - dz: Its stride is that of `partials`, whose memory it may be.
  ///   - sums: Column sums of dZ, overwritten; 2 · units + 16 entries can be read.
  package func gateBackward(
    rows: Int, units: Int, dy: Rows, partials: Rows, dz: Rows, sums: UnsafeMutablePointer<Float>
  ) {
    dy.check(rows, units)
    partials.check(rows, 2 * units)
    dz.check(rows, 2 * units)
    precondition(partials.stride == dz.stride && dz.stride >= 2 * units + 16)
    table.pointee.gate_backward(
      Int64(rows), Int64(units), dy.pointer, Int64(dy.stride), partials.pointer, dz.pointer, Int64(dz.stride), sums)
  }

  /// Softmax, or its logarithm, over the first `units` columns of each row, in place; zero beyond up to whole lanes.
  package func softmax(_ formula: RowFormula, rows: Int, units: Int, z: Rows, stats: UnitStats?) {
    z.check(rows, units)
    withColumns(stats) {
      table.pointee.softmax(
        ck_row_function(rawValue: formula.rawValue), Int64(rows), Int64(units), z.pointer, Int64(z.stride), $0)
    }
  }

  /// dY becomes dZ in place, from the outputs Y of the same stride.
  package func softmaxBackward(
    _ formula: RowFormula, rows: Int, units: Int, dy: Rows, y: Rows, sums: UnsafeMutablePointer<Float>
  ) {
    dy.check(rows, units)
    y.check(rows, units)
    precondition(dy.stride == y.stride)
    table.pointee.softmax_backward(
      ck_row_function(rawValue: formula.rawValue), Int64(rows), Int64(units), dy.pointer, y.pointer, Int64(dy.stride),
      sums)
  }

  /// Counts by sign and power of two what lies in each `every`-th row.
  package func countBuckets(rows: Int, every: Int, units: Int, _ x: Rows, into counts: BucketCounts) {
    guard rows > 0 else { return }
    x.check((rows - 1) * every + 1, units)
    table.pointee.count_buckets(Int64(rows), Int64(units), x.pointer, Int64(every * x.stride), counts.raw.pointer)
  }

  @inline(__always)
  private func withColumns(_ stats: UnitStats?, _ body: (UnsafePointer<ck_unit_stats>?) -> Void) {
    guard let stats else { return body(nil) }
    withUnsafePointer(to: stats.columns) { body($0) }
  }
}
