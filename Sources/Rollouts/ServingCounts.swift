public import Foundation

/// What became of live requests.
public struct ServingCounts: Sendable, Hashable, Codable {
  public var requests: Int64
  /// Answered with an error of ours.
  public var failed: Int64
  /// Answered later than the objective says.
  public var slow: Int64

  public init(requests: Int64 = 0, failed: Int64 = 0, slow: Int64 = 0) {
    (self.requests, self.failed, self.slow) = (requests, failed, slow)
  }

  public static func + (left: ServingCounts, right: ServingCounts) -> ServingCounts {
    ServingCounts(
      requests: left.requests + right.requests, failed: left.failed + right.failed, slow: left.slow + right.slow)
  }

  /// What came since `earlier` was counted; one that began anew since then counts from zero.
  public func since(_ earlier: ServingCounts) -> ServingCounts {
    guard requests >= earlier.requests, failed >= earlier.failed, slow >= earlier.slow else { return self }
    return ServingCounts(
      requests: requests - earlier.requests, failed: failed - earlier.failed, slow: slow - earlier.slow)
  }
}

/// What became of the requests that one version was asked in the few seconds up to a moment.
public struct ServingSample: Sendable, Hashable {
  public let at: Date
  public let version: Int64
  public let counts: ServingCounts

  public init(at: Date, version: Int64, counts: ServingCounts) {
    (self.at, self.version, self.counts) = (at, version, counts)
  }
}

/// The samples of a pipeline, as far back as anybody asks.
public struct ServingHistory: Sendable, Hashable {
  /// The oldest first.
  private var samples: [ServingSample] = []

  public init(_ samples: [ServingSample] = []) { self.samples = samples.sorted { $0.at < $1.at } }

  /// - Parameter new: Not before those that are there.
  public mutating func add(_ new: [ServingSample]) { samples += new }

  public mutating func forget(before date: Date) { samples.removeFirst(place(after: date)) }

  /// What came after `start` and until `end`.
  ///
  /// - Parameter version: nil: of all together.
  public func counts(of version: Int64? = nil, after start: Date, until end: Date) -> ServingCounts {
    samples[place(after: start)...].prefix { $0.at <= end }.reduce(ServingCounts()) { sum, sample in
      version == nil || sample.version == version ? sum + sample.counts : sum
    }
  }

  /// The first that is later; by halving.
  private func place(after date: Date) -> Int {
    var (low, high) = (0, samples.count)
    while low < high {
      let middle = (low + high) / 2
      if samples[middle].at <= date { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
