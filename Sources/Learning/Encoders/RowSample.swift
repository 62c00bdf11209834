import Tensors

/// A few rows of a step, picked by their keys alone: the same rows in the same order however they lie on ranks.
final class RowSample {
  static let rowsMax = 8
  let columns: Int
  private(set) var count = 0
  /// Rows that it was picked from, and the sum of their weights.
  private(set) var rowCount = 0
  private(set) var rowWeight = 0.0
  /// Ascending.
  private let keys: AlignedBuffer<UInt64>
  /// By row of the sample: where it was found.
  private let places: AlignedBuffer<Int>
  /// Shape [rowsMax × columns]; NaN: absent.
  let values: AlignedBuffer<Float>

  init(columns: Int) {
    self.columns = columns
    keys = AlignedBuffer(count: Self.rowsMax)
    places = AlignedBuffer(count: Self.rowsMax)
    values = AlignedBuffer(count: Self.rowsMax * columns)
  }

  func clear() {
    count = 0
    rowCount = 0
    rowWeight = 0
  }

  /// - Parameters:
  ///   - rows: How many rows there are to pick from, beside those of before.
  ///   - weight: The sum of their weights.
  func open(rows: Int, weight: Double) {
    rowCount += rows
    rowWeight += weight
  }

  /// Keeps a row that is among those with the least keys; of equal keys the first.
  @inline(__always)
  func offer(key: UInt64, place: Int) {
    if count == Self.rowsMax {
      if key >= keys.pointer[count - 1] { return }
    } else {
      count += 1
    }
    var slot = count - 1
    while slot > 0 && keys.pointer[slot - 1] > key {
      keys.pointer[slot] = keys.pointer[slot - 1]
      places.pointer[slot] = places.pointer[slot - 1]
      slot -= 1
    }
    keys.pointer[slot] = key
    places.pointer[slot] = place
  }

  func key(_ row: Int) -> UInt64 { keys.pointer[row] }
  /// What `offer` was given.
  func place(_ row: Int) -> Int { places.pointer[row] }
  @inline(__always)
  func row(_ row: Int) -> UnsafeMutablePointer<Float> { values.pointer + row * columns }

  func copy(_ other: RowSample) {
    count = other.count
    rowCount = other.rowCount
    rowWeight = other.rowWeight
    keys.pointer.update(from: other.keys.pointer, count: count)
    values.pointer.update(from: other.values.pointer, count: count * columns)
  }
}
