package import Tensors

/// Gradients of touched embedding rows: row numbers ascending and unique, their values one after the other.
///
/// A row's values are its embedding's gradient, then its wide weights'. Grows to the largest step and stays there.
package final class SparseRows {
  package private(set) var count = 0
  package private(set) var valueCount = 0
  package private(set) var rows: AlignedBuffer<UInt32>
  /// Zero from `valueCount` to the next multiple of 16.
  package private(set) var values: AlignedBuffer<Float>

  init(rowCapacity: Int, valueCapacity: Int) {
    rows = AlignedBuffer(count: rowCapacity)
    values = AlignedBuffer(count: paddedToLanes(valueCapacity) + 16)
  }

  func clear() {
    count = 0
    valueCount = 0
  }

  /// Makes room; what is held stays.
  func reserve(rows rowCapacity: Int, values valueCapacity: Int) {
    if rows.count < rowCapacity {
      let larger = AlignedBuffer<UInt32>(count: max(rowCapacity, rows.count * 2))
      larger.pointer.update(from: rows.pointer, count: count)
      rows = larger
    }
    let padded = paddedToLanes(valueCapacity) + 16
    if values.count < padded {
      let larger = AlignedBuffer<Float>(count: max(padded, values.count * 2))
      larger.pointer.update(from: values.pointer, count: valueCount)
      values = larger
    }
  }

  /// Adds a row at the end and returns the place of its `width` values, not yet written. Room must have been reserved.
  @inline(__always)
  func append(row: UInt32, width: Int) -> UnsafeMutablePointer<Float> {
    rows.pointer[count] = row
    count += 1
    defer { valueCount += width }
    return values.pointer + valueCount
  }

  /// Adds `count` rows at the end that `body` writes: their numbers, and their values of `width` each. Room must have
  /// been reserved for as many as it gives.
  @inline(__always)
  func append(width: Int, _ body: (UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<Float>) -> Int) {
    let added = body(rows.pointer + count, values.pointer + valueCount)
    count += added
    valueCount += added * width
  }

  /// Takes what `other` holds, which is empty then.
  func take(_ other: SparseRows) {
    clear()
    swap(&count, &other.count)
    swap(&valueCount, &other.valueCount)
    swap(&rows, &other.rows)
    swap(&values, &other.values)
  }

  /// Zeroes what the kernels read beyond the values.
  func seal() {
    (values.pointer + valueCount).update(repeating: 0, count: paddedToLanes(valueCount) - valueCount)
  }
}
