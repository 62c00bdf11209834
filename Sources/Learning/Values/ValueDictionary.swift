package import Tensors

/// The values of one category that have rows of their own, by their hash; and those that may get one.
///
/// A value is admitted once it was met in three records, so that what comes but once, a flood of made-up keys above all,
/// takes no row. Who is counted is bounded: a candidate has one of four places, by its hash; where they are taken, another
/// one takes a sighting away from the one that was met least, or its place. What is admitted stays. All of it is a function
/// of the sightings in their order.
package final class ValueDictionary {
  /// Records in which a value is met before it is admitted.
  static let sightingsNeeded: UInt64 = 3
  private static let candidatesMax = 16_384
  /// Places that candidates of one hash share: with one alone, two values that come equally often would keep each other out
  /// for ever.
  private static let ways = 4

  /// The first of the rows in the table.
  let first: UInt32
  let capacity: Int
  let hashed: HashedRows
  /// Hashes in the order of their rows, which is that of admission; 0: free.
  package let keys: AlignedBuffer<UInt64>
  /// By place: whose sightings are counted; 0: nobody's.
  let candidates: AlignedBuffer<UInt64>
  let sightings: AlignedBuffer<UInt64>
  /// Candidates that lost their place to another one.
  let counters: AlignedBuffer<UInt64>
  private(set) var count = 0

  /// Open addressing by the low bits, at most half full: hash and row.
  private let slots: AlignedBuffer<UInt64>
  private let rows: AlignedBuffer<UInt32>
  private let mask: Int

  init(_ category: CategoryInput) {
    first = UInt32(category.buckets)
    capacity = category.ownRows
    hashed = HashedRows(category)
    precondition(hashed.count > 0, "\(category.name) needs a row for the values that have none of their own")
    keys = AlignedBuffer(count: capacity)
    let places = min(Self.candidatesMax, Self.power(atLeast: 4 * capacity))
    candidates = AlignedBuffer(count: places)
    sightings = AlignedBuffer(count: places)
    counters = AlignedBuffer(count: 1)
    mask = Self.power(atLeast: 2 * capacity) - 1
    slots = AlignedBuffer(count: mask + 1)
    rows = AlignedBuffer(count: mask + 1)
  }

  private static func power(atLeast count: Int) -> Int { 1 << (Int.bitWidth - max(1, count - 1).leadingZeroBitCount) }

  var isFull: Bool { count == capacity }
  /// How many candidates lost their place to another one.
  var displaced: Int { Int(clamping: counters[0]) }

  /// The row of a value: its own, or the one that it shares.
  @inline(__always)
  func row(_ hash: UInt64) -> UInt32 {
    var slot = Int(truncatingIfNeeded: hash) & mask
    while true {
      let found = slots.pointer[slot]
      if found == hash { return rows.pointer[slot] }
      if found == 0 { return hashed.row(hash) }
      slot = (slot + 1) & mask
    }
  }

  /// Counts a record that holds a value without a row of its own; the row that it gets with it, or nil.
  func see(_ hash: UInt64) -> UInt32? {
    guard !isFull, row(hash) < first else { return nil }
    var least = firstPlace(hash)
    for place in least..<(least + Self.ways) {
      if candidates[place] == hash { return meetAgain(place) }
      if sightings[place] < sightings[least] { least = place }
    }
    if sightings[least] > 1 {
      sightings[least] -= 1
    } else {
      if candidates[least] != 0 { counters[0] += 1 }
      (candidates[least], sightings[least]) = (hash, 1)
    }
    return nil
  }

  /// Counts one more record with the candidate at `place`; the row that it gets with it, or nil.
  private func meetAgain(_ place: Int) -> UInt32? {
    sightings[place] += 1
    guard sightings[place] >= Self.sightingsNeeded else { return nil }
    let row = first + UInt32(count)
    keys[count] = candidates[place]
    insert(candidates[place], row: row)
    count += 1
    (candidates[place], sightings[place]) = (0, 0)
    return row
  }

  /// The first of the places where a candidate may be.
  private func firstPlace(_ hash: UInt64) -> Int {
    (Int(truncatingIfNeeded: hash >> 32) & (candidates.count / Self.ways - 1)) * Self.ways
  }

  /// Takes over what another one has admitted and counted, as far as it has room.
  func adopt(_ other: ValueDictionary) {
    for place in 0..<min(other.count, capacity) { keys[place] = other.keys[place] }
    index()
    for place in 0..<other.candidates.count where other.candidates[place] != 0 {
      let hash = other.candidates[place]
      let start = firstPlace(hash)
      var least = start
      for target in start..<(start + Self.ways) where sightings[target] < sightings[least] { least = target }
      if sightings[least] < other.sightings[place] {
        (candidates[least], sightings[least]) = (hash, other.sightings[place])
      }
    }
    counters[0] = other.counters[0]
  }

  /// Finds the rows of `keys` anew.
  func index() {
    slots.clear()
    count = 0
    while count < capacity, keys[count] != 0 {
      insert(keys[count], row: first + UInt32(count))
      count += 1
    }
  }

  private func insert(_ hash: UInt64, row: UInt32) {
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    (slots[slot], rows[slot]) = (hash, row)
  }
}
