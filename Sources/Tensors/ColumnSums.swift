import CKernels

/// Columns of numbers that one pass sums up; one entry a column. One thread at a time.
package final class ColumnSums {
  package let columns: Int
  /// What deviations are taken from: near the mean, so that nothing cancels.
  package let shift: AlignedBuffer<Double>
  /// The values that are summed up; others are outside.
  package let least, most: AlignedBuffer<Float>
  /// Of the last pass: count, Σ (x − shift), Σ (x − shift)², each value by its row's weight; and how many are outside.
  package let count, sum, square, outside: AlignedBuffer<Double>

  package init(columns: Int) {
    self.columns = columns
    shift = AlignedBuffer(count: columns)
    least = AlignedBuffer(count: columns)
    most = AlignedBuffer(count: columns)
    count = AlignedBuffer(count: columns)
    sum = AlignedBuffer(count: columns)
    square = AlignedBuffer(count: columns)
    outside = AlignedBuffer(count: columns)
  }

  /// - Parameters:
  ///   - numbers: Shape [rows × columns], row-major; NaN: absent.
  ///   - weights: One a row; nil: 1.
  package func add(rows: Int, _ numbers: UnsafePointer<Float>, weights: UnsafePointer<Float>?) {
    if let weights {
      ck_weighted_moments(
        Int64(rows), Int64(columns), numbers, weights, shift.pointer, least.pointer, most.pointer, count.pointer,
        sum.pointer, square.pointer, outside.pointer)
    } else {
      ck_moments(
        Int64(rows), Int64(columns), numbers, shift.pointer, least.pointer, most.pointer, count.pointer, sum.pointer,
        square.pointer, outside.pointer)
    }
  }
}

/// How columns of numbers are standardised; one entry a column.
package final class ColumnScales {
  package let columns: Int
  package let mean, inverse: AlignedBuffer<Double>
  /// Of the standardised value, either way.
  package let limit: AlignedBuffer<Float>
  /// A value beyond these is none.
  package let least, most: AlignedBuffer<Float>

  package init(columns: Int) {
    self.columns = columns
    mean = AlignedBuffer(count: columns)
    inverse = AlignedBuffer(count: columns)
    limit = AlignedBuffer(count: columns)
    least = AlignedBuffer(count: columns)
    most = AlignedBuffer(count: columns)
  }

  /// x becomes clamp((x − mean)·inverse, ± limit), a NaN and what is none 0, in the first `count` columns.
  ///
  /// - Parameter numbers: Shape [rows × count], row-major.
  package func standardize(rows: Int, _ numbers: UnsafePointer<Float>, columns count: Int, into x: Rows) {
    precondition(count <= columns, "\(count) columns, where \(columns) are known")
    x.check(rows, count)
    ck_standardize(
      Int64(rows), Int64(count), numbers, mean.pointer, inverse.pointer, limit.pointer, least.pointer, most.pointer,
      x.pointer, Int64(x.stride))
  }
}
