/// Offsets of one partition, from one up to another.
public struct OffsetStretch: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
  public let partition: Int32
  public let from: Int64
  /// The first offset behind it.
  public let next: Int64

  public init(partition: Int32, from: Int64, next: Int64) {
    (self.partition, self.from, self.next) = (partition, from, next)
  }

  public var count: Int64 { max(0, next - from) }
  public var description: String { "partition \(partition): \(from)…\(next - 1)" }

  public func contains(_ offset: Int64) -> Bool { (from..<max(from, next)).contains(offset) }

  public static func < (one: Self, other: Self) -> Bool {
    (one.partition, one.from, one.next) < (other.partition, other.from, other.next)
  }

  /// In order, without those that are empty; those that overlap or touch are one.
  public static func united(_ stretches: [OffsetStretch]) -> [OffsetStretch] {
    var result: [OffsetStretch] = []
    for stretch in stretches.sorted() where stretch.count > 0 {
      if let last = result.last, last.partition == stretch.partition, last.next >= stretch.from {
        result[result.count - 1] = OffsetStretch(
          partition: last.partition, from: last.from, next: max(last.next, stretch.next))
      } else {
        result.append(stretch)
      }
    }
    return result
  }
}

/// What of a stream is left out, by partition.
public struct LeftOut: Sendable, Hashable {
  /// In order, apart from each other.
  private let stretches: [Int32: [OffsetStretch]]

  public static let nothing = LeftOut([])

  public init(_ stretches: [OffsetStretch]) {
    self.stretches = Dictionary(grouping: OffsetStretch.united(stretches), by: \.partition)
  }

  public var isEmpty: Bool { stretches.isEmpty }
  public var all: [OffsetStretch] { stretches.values.flatMap(\.self).sorted() }

  /// The stretch that holds an offset; nil: it is to be read.
  public func stretch(at offset: Int64, of partition: Int32) -> OffsetStretch? {
    guard let known = stretches[partition] else { return nil }
    var (low, high) = (0, known.count)
    while low < high {
      let middle = (low + high) / 2
      if known[middle].next <= offset { low = middle + 1 } else { high = middle }
    }
    return low < known.count && known[low].contains(offset) ? known[low] : nil
  }

  /// The first offset from one on that is to be read.
  public func first(from offset: Int64, of partition: Int32) -> Int64 {
    stretch(at: offset, of: partition)?.next ?? offset
  }
}
