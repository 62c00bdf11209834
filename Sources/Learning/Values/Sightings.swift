import Tensors
import Vocabulary

/// Values without a row of their own that the records of a step hold: of each feature so many at most, drawn by record and
/// value, so that no partition and no long list keeps others out. The same however the records lie on ranks.
final class Sightings {
  /// Of one feature, in one step.
  static let most = 32

  struct Entry: Comparable {
    /// Of the record.
    let key: UInt64
    let hash: UInt64
    /// Where it stands in the draw.
    private let lot: UInt64

    init(key: UInt64, hash: UInt64) {
      (self.key, self.hash) = (key, hash)
      var random = SplitMix64(seed: key ^ hash)
      lot = random.next()
    }

    static func < (left: Self, right: Self) -> Bool {
      (left.lot, left.key, left.hash) < (right.lot, right.key, right.hash)
    }
  }

  /// By feature that has a dictionary.
  private let counts: AlignedBuffer<Int>
  /// Shape [features × most].
  private let entries: AlignedBuffer<Entry>
  private(set) var total = 0
  var features: Int { counts.count }

  init(features: Int) {
    counts = AlignedBuffer(count: features)
    entries = AlignedBuffer(count: features * Self.most)
  }

  func clear() {
    guard total > 0 else { return }
    counts.clear()
    total = 0
  }

  func of(_ feature: Int) -> UnsafeBufferPointer<Entry> {
    UnsafeBufferPointer(start: entries.pointer + feature * Self.most, count: counts[feature])
  }

  func offer(_ entry: Entry, of feature: Int) {
    let list = entries.pointer + feature * Self.most
    let count = counts[feature]
    var place = count
    while place > 0 && entry < list[place - 1] { place -= 1 }
    if place == Self.most || (place > 0 && list[place - 1] == entry) { return }
    var last = count
    if count == Self.most {
      last = count - 1
    } else {
      counts[feature] += 1
      total += 1
    }
    while last > place {
      list[last] = list[last - 1]
      last -= 1
    }
    list[place] = entry
  }

  func copy(_ other: Sightings) {
    clear()
    for feature in 0..<features {
      for entry in other.of(feature) { offer(entry, of: feature) }
    }
  }
}
