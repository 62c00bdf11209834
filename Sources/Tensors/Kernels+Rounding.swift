import CKernels

/// Numbers as bfloat16: the upper half of a float, which is all of its range and eight bits of its precision.
extension Kernels {
  /// rounded = x + before, to nearest, ties to even, and `error` what that takes away; a NaN or an infinity stays one, and has
  /// no error.
  ///
  /// - Parameter error: May be `before`.
  package func round(
    count: Int, _ x: UnsafePointer<Float>, adding before: UnsafePointer<Float>,
    to rounded: UnsafeMutablePointer<UInt16>, error: UnsafeMutablePointer<Float>
  ) { table.pointee.round_with_error(Int64(count), x, before, rounded, error) }

  /// x = rounded.
  package func widen(count: Int, _ rounded: UnsafePointer<UInt16>, to x: UnsafeMutablePointer<Float>) {
    table.pointee.widen(Int64(count), rounded, x)
  }

  /// sum += rounded.
  package func addWidened(count: Int, _ rounded: UnsafePointer<UInt16>, to sum: UnsafeMutablePointer<Float>) {
    table.pointee.add_widened(Int64(count), rounded, sum)
  }
}
