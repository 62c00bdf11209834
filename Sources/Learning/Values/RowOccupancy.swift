import Tensors
import Vocabulary

/// Which of the rows that values share were met; of large tables every so many rows.
///
/// - Source: Whang, Vander-Zanden & Taylor 1990, "A linear-time probabilistic counting algorithm": with a share u of empty
///   rows among H there were about −H · ln u values; and of these about 1 − u share their row with another.
final class RowOccupancy {
  private static let trackedMax = 4096

  let hashed: HashedRows
  /// One bit a row that is looked at.
  let words: AlignedBuffer<UInt64>
  private let shift: Int
  private let tracked: Int

  init(_ hashed: HashedRows) {
    self.hashed = hashed
    var shift = 0
    while hashed.count >> shift > Self.trackedMax { shift += 1 }
    self.shift = shift
    tracked = (hashed.count + (1 << shift) - 1) >> shift
    words = AlignedBuffer(count: (tracked + 63) / 64)
  }

  /// - Parameter rows: Of the table.
  @inline(__always)
  func mark(_ rows: UnsafePointer<UInt32>, count: Int) {
    for place in 0..<count {
      let row = Int(rows[place]) - hashed.first
      if row < 0 || row >= hashed.count || row & ((1 << shift) - 1) != 0 { continue }
      words.pointer[row >> (shift + 6)] |= 1 << UInt64((row >> shift) & 63)
    }
  }

  /// After a value has left the row; who is still there will be met again.
  func clear(_ row: UInt32) {
    let row = Int(row) - hashed.first
    if row & ((1 << shift) - 1) == 0 { words[row >> (shift + 6)] &= ~(1 << UInt64((row >> shift) & 63)) }
  }

  func adopt(_ other: RowOccupancy) {
    guard other.hashed.count == hashed.count else { return }
    for place in 0..<words.count { words[place] = other.words[place] }
  }

  /// About how many values were met in these rows, and which share of them is not alone in its row.
  var estimate: (values: Double, sharing: Double) {
    let met = words.buffer.reduce(0) { $0 + $1.nonzeroBitCount }
    guard met > 0 else { return (0, 0) }
    // Where all are taken, one empty row would be the least that could be seen.
    let empty = max(0.5, Double(tracked - met)) / Double(tracked)
    let values = -Double(hashed.count) * PortableMath.log(empty)
    let sharing = 1 - empty * (1 + 1 / Double(hashed.count))
    return (max(1, values), met == tracked ? 1 : max(0, sharing))
  }
}
