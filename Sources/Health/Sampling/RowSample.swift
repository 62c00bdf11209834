public import Vocabulary

/// Records of a window, drawn at random and kept as they were learned from: each feature, the label, and what the model answered
/// before it learned.
///
/// Those are kept whose partition and offset have the smallest hashes. So every record has the same chance, samples of parts
/// merge into the sample of the whole whoever took which part, bit for bit, and a record's place in the stream stays known.
///
/// - Source: Cohen & Kaplan 2007, "Summarizing data using bottom-k sketches".
public struct RowSample: Sendable {
  public let columns: [RowColumn]
  /// At most so many records.
  public let capacity: Int
  /// Records that the sample was drawn from.
  public internal(set) var seen: Int64 = 0
  /// What names each record: `RecordKey`.
  private(set) var keys: [UInt64] = []
  /// The hashes of the keys.
  private var orders: [UInt64] = []
  /// Shape [records × columns], row-major.
  private var cells: [RowCell] = []
  /// Records with such a hash or a larger one are none of the smallest.
  public private(set) var bound = UInt64.max
  private var scratch: [UInt64] = []

  public static let capacityMax = 2048
  public static let capacityMin = 256
  public static let columnsMax = 512
  /// A sample of wide records holds fewer of them.
  public static let bytesMax = 1 << 20

  public init(_ columns: [RowColumn]) {
    precondition(columns.count <= Self.columnsMax, "a sample of \(columns.count) columns")
    self.columns = columns
    capacity = min(Self.capacityMax, max(Self.capacityMin, Self.bytesMax / (8 + 4 * columns.count)))
  }

  /// Records that are kept.
  public var count: Int { min(keys.count, capacity) }
  public var isEmpty: Bool { seen == 0 }

  /// Takes memory for all that it will hold, so that nothing is allocated later.
  public mutating func reserve() {
    let room = 2 * capacity
    keys.reserveCapacity(room)
    orders.reserveCapacity(room)
    scratch.reserveCapacity(room)
    cells.reserveCapacity(room * columns.count)
  }

  /// Counts a record. True: it may be one of the sample, and `append` has to be called with its cells.
  ///
  /// - Parameter key: Its partition and offset, as `RecordKey` joins them.
  public mutating func wants(_ key: UInt64) -> Bool {
    seen += 1
    return Self.order(of: key) < bound
  }

  /// Counts records of which those with an `order` below `bound` are appended.
  public mutating func count(_ records: Int) { seen += Int64(records) }

  /// Takes a record that is wanted.
  ///
  /// - Parameter fill: Appends a cell for each column, in their order.
  public mutating func append(_ key: UInt64, _ fill: (inout [RowCell]) -> Void) {
    keys.append(key)
    orders.append(Self.order(of: key))
    fill(&cells)
    precondition(cells.count == keys.count * columns.count, "a record of another shape than the sample's")
    if keys.count == 2 * capacity { shrink() }
  }

  /// Adds what another part of the same records gave.
  public mutating func merge(_ other: RowSample) {
    precondition(other.columns == columns, "samples of two shapes")
    seen += other.seen
    let width = columns.count
    for place in other.keys.indices where other.orders[place] < bound {
      keys.append(other.keys[place])
      orders.append(other.orders[place])
      cells.append(contentsOf: other.cells[(place * width)..<((place + 1) * width)])
      if keys.count == 2 * capacity { shrink() }
    }
  }

  /// Forgets everything; keeps its memory.
  public mutating func removeAll() {
    seen = 0
    bound = .max
    keys.removeAll(keepingCapacity: true)
    orders.removeAll(keepingCapacity: true)
    cells.removeAll(keepingCapacity: true)
  }

  /// The same as a value that depends on the records alone: those of the smallest hashes, in their order.
  public func settled() -> RowSample {
    var sample = RowSample(columns)
    sample.seen = seen
    for place in orders.indices.sorted(by: { orders[$0] < orders[$1] }) where sample.keys.count < capacity {
      // One that was learned twice, after a fault, is one.
      if sample.keys.last == keys[place] { continue }
      sample.keys.append(keys[place])
      sample.orders.append(orders[place])
      sample.cells.append(contentsOf: row(place))
    }
    return sample
  }

  func row(_ place: Int) -> ArraySlice<RowCell> { cells[(place * columns.count)..<((place + 1) * columns.count)] }

  /// Of a record that is kept.
  public func cell(_ place: Int, _ column: Int) -> RowCell { cells[place * columns.count + column] }

  /// Where a record lies.
  public func key(_ place: Int) -> RecordKey { RecordKey(keys[place]) }

  /// The hash of a record's key.
  @inlinable
  public static func order(of key: UInt64) -> UInt64 {
    var generator = SplitMix64(seed: key)
    return generator.next()
  }

  /// Keeps the smallest hashes, in place.
  private mutating func shrink() {
    scratch.removeAll(keepingCapacity: true)
    scratch.append(contentsOf: orders)
    let last = scratch.smallest(capacity)
    // No two records have one hash, which can be turned back into the key: `capacity` of them are kept. The last ones take the
    // places of those that are not.
    let width = columns.count
    var next = keys.count
    unsafe cells.withUnsafeMutableBufferPointer { cells in
      guard let start = cells.baseAddress else { return }
      for place in 0..<capacity where orders[place] > last {
        repeat { next -= 1 } while orders[next] > last
        keys[place] = keys[next]
        orders[place] = orders[next]
        unsafe (start + place * width).update(from: start + next * width, count: width)
      }
    }
    keys.removeSubrange(capacity...)
    orders.removeSubrange(capacity...)
    cells.removeSubrange((capacity * width)...)
    bound = last == .max ? .max : last + 1
  }
}

extension Array where Element == UInt64 {
  /// The `count`-th smallest, counted from 1; the order of the elements is lost.
  ///
  /// - Source: Hoare 1961, "Algorithm 65: Find".
  fileprivate mutating func smallest(_ count: Int) -> UInt64 {
    var (low, high) = (0, self.count - 1)
    let target = count - 1
    while low < high {
      let pivot = self[low + (high - low) / 2]
      var (left, right) = (low, high)
      while left <= right {
        while self[left] < pivot { left += 1 }
        while self[right] > pivot { right -= 1 }
        if left <= right {
          swapAt(left, right)
          left += 1
          right -= 1
        }
      }
      if target <= right { high = right } else if target >= left { low = left } else { break }
    }
    return self[target]
  }
}
