/// A matrix of row-major floats with a stride, that lies in memory of someone else's.
package struct Rows {
  package let pointer: UnsafeMutablePointer<Float>
  /// Rows and columns that may be worked on; vectors may read and write up to whole lanes beyond the columns.
  package let rows, width: Int
  package let stride: Int

  @inline(__always)
  package init(_ pointer: UnsafeMutablePointer<Float>, rows: Int, width: Int, stride: Int) {
    (self.pointer, self.rows, self.width, self.stride) = (pointer, rows, width, stride)
  }

  @inline(__always)
  package func from(_ row: Int) -> UnsafeMutablePointer<Float> { pointer + row * stride }

  /// The same rows from column `column` on.
  @inline(__always)
  package func column(_ column: Int) -> Rows {
    precondition(column <= width, "column \(column) of a matrix of \(rows) × \(width)")
    return Rows(pointer + column, rows: rows, width: width - column, stride: stride)
  }

  /// The rows from number `count` on.
  @inline(__always)
  package func dropFirst(_ count: Int) -> Rows {
    precondition(count <= rows, "row \(count) of a matrix of \(rows) × \(width)")
    return Rows(pointer + count * stride, rows: rows - count, width: width, stride: stride)
  }

  /// Traps where a kernel would go beyond what is there.
  @inline(__always)
  func check(_ rows: Int, _ width: Int) {
    precondition(
      rows <= self.rows && width <= self.width,
      "a kernel over \(rows) × \(width) of a matrix of \(self.rows) × \(self.width)")
  }
}
