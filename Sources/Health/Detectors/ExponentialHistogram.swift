/// A window of the newest values in buckets of 1, 2, 4, … of them, a few of each size: every place between two buckets
/// divides it, the newest values finely and the oldest coarsely.
///
/// - Source: Datar, Gionis, Indyk & Motwani 2002, "Maintaining stream statistics over sliding windows".
struct ExponentialHistogram: Sendable, Hashable, Codable {
  /// 2^level values that came one after the other.
  struct Bucket: Sendable, Hashable, Codable {
    var level: Int
    /// The index of its first value.
    var first: Int64
    var mean: Double
    /// Of the distances to the mean.
    var squares: Double
    var minimum: Double
    var maximum: Double

    /// How many values.
    var size: Double { Double(sign: .plus, exponent: level, significand: 1) }

    init(_ value: Double, index: Int64) {
      level = 0
      first = index
      mean = value
      squares = 0
      minimum = value
      maximum = value
    }

    /// Takes in the one that came after it, of the same level.
    ///
    /// - Source: Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances".
    mutating func merge(_ next: Bucket) {
      let distance = next.mean - mean
      squares += next.squares + distance * distance * (size / 2)
      mean += distance / 2
      minimum = min(minimum, next.minimum)
      maximum = max(maximum, next.maximum)
      level += 1
    }
  }

  /// What is known of all values together.
  struct Summary: Sendable, Hashable, Codable {
    var values: Int64 = 0
    var mean = 0.0
    /// Of the distances to the mean.
    var squares = 0.0
    var minimum = 0.0
    var maximum = 0.0

    mutating func add(_ bucket: Bucket) {
      let size = Int64(1) << Int64(bucket.level)
      guard values > 0 else {
        self = Summary(
          values: size, mean: bucket.mean, squares: bucket.squares, minimum: bucket.minimum, maximum: bucket.maximum)
        return
      }
      let share = Double(size) / Double(values + size)
      let distance = bucket.mean - mean
      squares += bucket.squares + distance * distance * (Double(values) * share)
      mean += distance * share
      minimum = min(minimum, bucket.minimum)
      maximum = max(maximum, bucket.maximum)
      values += size
    }
  }

  /// The oldest values are let go of rather than put into buckets of a higher level: 2³⁶ values and more are in reach.
  static let levelMax = 36

  let bucketsPerSize: Int
  /// From the oldest values to the newest, so from large to small.
  private(set) var buckets: [Bucket] = []
  /// Buckets of each level.
  private var counts: [Int] = []
  private(set) var all = Summary()

  init(bucketsPerSize: Int) { self.bucketsPerSize = bucketsPerSize }

  mutating func add(_ value: Double, index: Int64) {
    let bucket = Bucket(value, index: index)
    buckets.append(bucket)
    all.add(bucket)
    if counts.isEmpty { counts.append(0) }
    counts[0] += 1
    var level = 0
    // Of the buckets of the level, the first place.
    var place = buckets.count
    while level < counts.count {
      place -= counts[level]
      guard counts[level] > bucketsPerSize else { return }
      guard level < Self.levelMax else {
        removeFirst(1)
        return
      }
      buckets[place].merge(buckets[place + 1])
      buckets.remove(at: place + 1)
      counts[level] -= 2
      level += 1
      if level == counts.count { counts.append(0) }
      counts[level] += 1
      place += 1
    }
  }

  /// Lets go of the oldest buckets.
  mutating func removeFirst(_ removed: Int) {
    for bucket in buckets.prefix(removed) { counts[bucket.level] -= 1 }
    while counts.last == 0 { counts.removeLast() }
    buckets.removeFirst(removed)
    all = Summary()
    for bucket in buckets { all.add(bucket) }
  }
}

extension ExponentialHistogram {
  private enum CodingKeys: String, CodingKey { case bucketsPerSize, buckets, all }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    bucketsPerSize = try container.decode(Int.self, forKey: .bucketsPerSize)
    try container.demand((2...64).contains(bucketsPerSize), .bucketsPerSize, "there are 2 … 64 buckets of one size")
    var list = try container.nestedUnkeyedContainer(forKey: .buckets)
    while !list.isAtEnd {
      let bucket = try list.decode(Bucket.self)
      let last = buckets.last
      let isPossible =
        (0...Self.levelMax).contains(bucket.level) && bucket.level <= last?.level ?? .max
        && bucket.first < .max / 4 && bucket.first >= last.map { $0.first + (Int64(1) << Int64($0.level)) } ?? 0
        && bucket.minimum.isDetectorValue && bucket.maximum.isDetectorValue && bucket.mean.isDetectorValue
        && bucket.minimum <= bucket.maximum && bucket.squares.isSquareSum
      try container.demand(isPossible, .buckets, "bucket \(buckets.count) is none of the values after those before it")
      if bucket.level >= counts.count { counts += Array(repeating: 0, count: bucket.level + 1 - counts.count) }
      counts[bucket.level] += 1
      try container.demand(counts[bucket.level] <= bucketsPerSize, .buckets, "there are too many buckets of one size")
      buckets.append(bucket)
    }
    all = try container.decode(Summary.self, forKey: .all)
    let values = buckets.reduce(Int64(0)) { $0 + (Int64(1) << Int64($1.level)) }
    let isPossible =
      all.values == values && all.mean.isDetectorValue && all.squares.isSquareSum
      && all.minimum == (buckets.map(\.minimum).min() ?? 0) && all.maximum == (buckets.map(\.maximum).max() ?? 0)
    try container.demand(isPossible, .all, "the sum of the buckets is another")
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(bucketsPerSize, forKey: .bucketsPerSize)
    try container.encode(buckets, forKey: .buckets)
    try container.encode(all, forKey: .all)
  }
}
