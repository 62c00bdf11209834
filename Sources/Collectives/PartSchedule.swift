/// Who adds up what of a vector, in which segments, and in which order they go. Pure arithmetic, the same on every rank.
///
/// *Whole*: every rank sends all of its values to every other, and each adds all of them up. *In parts*: each rank adds up one
/// part of W, for which all send it theirs, and sends the sum to all: 2·(W − 1)/W of the vector a rank, the least there is
/// (Patarasuk & Yuan 2009, "Bandwidth optimal all-reduce algorithms", theorem 1), over all links at once, in two stages
/// whatever the number of ranks. A pair sends as much either way.
///
/// The vector is cut into *stretches*, in the order in which their values become final, and every stretch into parts: so what
/// is final goes out, is added up and comes back while the rest is still being made.
package struct PartSchedule: Equatable {
  package struct Segment: Equatable {
    /// Counted over all parts.
    package let number: Int
    package let values: Range<Int>
    /// Values of the part that come before it.
    package let start: Int
    /// Stretches that have to be final before it may go.
    package let stretches: Int
  }

  /// What goes over a link: a segment of the sender's own values, of the part that the receiver adds up; or of the sum, of the
  /// part that the sender adds up.
  package struct Item: Equatable {
    package let isSum: Bool
    /// In its part.
    package let index: Int
    package let segment: Segment
  }

  /// Values of a segment, at most: few enough to stay in the cache between its check, its sum and its going on, and many
  /// enough for the calls of the system. Of 16 MiB on loopback, a plain copy by 64 KiB a call takes half as long again as by
  /// 256 KiB.
  package static let segmentValuesMax = 64 << 10
  private static let (segmentValuesMin, segmentsOfPart) = (16 << 10, 4)
  /// Parts begin at multiples of a cache line.
  private static let alignment = 16

  let count: Int
  let order: [Range<Int>]
  private let given: [Range<Int>]
  let worldSize: Int
  let isWhole: Bool
  /// By the rank that adds it up; whole, there is one for all.
  private let parts: [[Segment]]
  /// By part, and stretch as it is cut: the segments.
  private let ends: [[Int]]
  /// Of all parts.
  let segmentCount: Int

  /// - Parameter order: Stretches of `count` values as they become final, all values, each once; empty: all at once.
  package init(_ count: Int, order given: [Range<Int>] = [], worldSize: Int, isWhole: Bool) {
    let order = given.isEmpty ? [0..<count] : given
    let end = order.filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }.reduce(0) {
      precondition($1.lowerBound == $0, "stretches \(order) are not of \(count) values, each once")
      return $1.upperBound
    }
    precondition(end == count, "stretches \(order) are not of \(count) values")
    (self.count, self.given, self.order, self.worldSize, self.isWhole) = (count, given, order, worldSize, isWhole)
    let size = Self.segmentValues(ofPart: isWhole ? count : count / max(1, worldSize))
    let stretches = Self.joined(order, least: Self.segmentValuesMin * (isWhole ? 1 : worldSize))
    var (parts, ends): ([[Segment]], [[Int]]) = ([], [])
    var number = 0
    for place in 0..<(isWhole ? 1 : worldSize) {
      var (segments, counts): ([Segment], [Int]) = ([], [])
      var done = 0
      for (values, last) in stretches {
        let part = isWhole ? values : Self.part(place, of: values, worldSize)
        let step = Self.even(part.count, about: size)
        for start in stride(from: part.lowerBound, to: part.upperBound, by: step) {
          let values = start..<min(part.upperBound, start + step)
          segments.append(Segment(number: number, values: values, start: done, stretches: last))
          done += values.count
          number += 1
        }
        counts.append(segments.count)
      }
      parts.append(segments)
      ends.append(counts)
    }
    (self.parts, self.ends, segmentCount) = (parts, ends, number)
  }

  func isOf(_ count: Int, order: [Range<Int>], isWhole: Bool) -> Bool {
    self.count == count && given == order && self.isWhole == isWhole
  }

  package func segments(ofPart rank: Int) -> [Segment] { parts[isWhole ? 0 : rank] }

  /// Another one for a schedule that cuts otherwise: ranks that disagree would add up values of different places.
  package var digest: UInt32 {
    var hash: UInt32 = 2_166_136_261
    func mix(_ number: Int) {
      for byte in 0..<8 { hash = (hash ^ UInt32(truncatingIfNeeded: number >> (8 * byte)) & 255) &* 16_777_619 }
    }
    mix(worldSize)
    for part in parts {
      mix(part.count)
      for segment in part {
        mix(segment.values.lowerBound)
        mix(segment.values.count)
        mix(segment.stretches)
      }
    }
    return hash
  }

  /// Values of the part that `rank` adds up.
  package func count(ofPart rank: Int) -> Int { segments(ofPart: rank).last.map { $0.start + $0.values.count } ?? 0 }

  /// What `sender` says to `receiver`, in order: the sum of a stretch goes after the values of the next one, so that neither
  /// waits for the other.
  ///
  /// - Parameter holds: Whether the sender has values.
  package func items(from sender: Int, to receiver: Int, holds: Bool) -> [Item] {
    var items: [Item] = []
    func append(_ rank: Int, _ stretch: Int, isSum: Bool) {
      let ends = ends[isWhole ? 0 : rank]
      guard ends.indices.contains(stretch) else { return }
      for index in (stretch == 0 ? 0 : ends[stretch - 1])..<ends[stretch] {
        items.append(Item(isSum: isSum, index: index, segment: segments(ofPart: rank)[index]))
      }
    }
    for stretch in 0...ends[0].count {
      if holds { append(receiver, stretch, isSum: false) }
      if !isWhole { append(sender, stretch - 1, isSum: true) }
    }
    return items
  }

  /// Where a part has few segments, they are smaller: sending and summing overlap from the second one on.
  private static func segmentValues(ofPart count: Int) -> Int {
    let part = count / segmentsOfPart / alignment * alignment
    return min(segmentValuesMax, max(segmentValuesMin, part))
  }

  /// Of segments of one length, about `size`, so that none is left that is hardly worth its calls.
  private static func even(_ count: Int, about size: Int) -> Int {
    let number = max(1, count / size, (count + segmentValuesMax - 1) / segmentValuesMax)
    let length = (count + number - 1) / number
    return min(segmentValuesMax, max(alignment, (length + alignment - 1) / alignment * alignment))
  }

  private static func part(_ place: Int, of values: Range<Int>, _ worldSize: Int) -> Range<Int> {
    func bound(_ place: Int) -> Int {
      place == worldSize
        ? values.upperBound : values.lowerBound + values.count * place / worldSize / alignment * alignment
    }
    return bound(place)..<bound(place + 1)
  }

  /// Stretches that are too small to be worth segments of their own wait for the next one, where it lies beside them.
  ///
  /// - Returns: Each with the number of given stretches that end with it.
  private static func joined(_ order: [Range<Int>], least: Int) -> [(values: Range<Int>, last: Int)] {
    var joined: [(values: Range<Int>, last: Int)] = []
    for (place, next) in order.enumerated() where !next.isEmpty {
      if let (values, _) = joined.last, values.count < least {
        if next.upperBound == values.lowerBound {
          joined[joined.count - 1] = (next.lowerBound..<values.upperBound, place + 1)
          continue
        }
        if values.upperBound == next.lowerBound {
          joined[joined.count - 1] = (values.lowerBound..<next.upperBound, place + 1)
          continue
        }
      }
      joined.append((next, place + 1))
    }
    return joined
  }
}
