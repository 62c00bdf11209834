import Foundation
import Synchronization

/// What the answering threads and the service share: the version in use, and counts. Any thread.
package final class ServingState: Sendable {
  private struct Current {
    var version: LoadedVersion?
    var facts: StableVersion?
    var loadedAt: Date?
  }

  /// Versions served by this process: the latest one by one, those before as a sum.
  private struct Served {
    static let talliesMax = 64
    var tallies: [LoadedVersion.Tally] = []
    var earlierNonFinite: Int64 = 0
  }

  /// Counts of one version, for the judge.
  struct VersionCounts: Sendable, Hashable {
    let version: Int64
    let requests: Int64
    let nonFinite: Int64
  }

  package init() {}

  let startedAt = Date()
  let requests = Atomic<Int64>(0)
  /// Requests answered with a status of 500 and above.
  let failures = Atomic<Int64>(0)
  private let current = Mutex(Current())
  private let served = Mutex(Served())

  var version: LoadedVersion? { current.withLock { $0.version } }
  var facts: (stable: StableVersion?, loadedAt: Date?) { current.withLock { ($0.facts, $0.loadedAt) } }

  /// Puts `version` in the place of the one before: requests that have begun finish on that one.
  package func swap(to version: LoadedVersion?, facts: StableVersion?) {
    // The old one is freed after the lock, not under it.
    let before = current.withLock { current in
      let before = current.version
      current = Current(version: version, facts: facts, loadedAt: version == nil ? nil : Date())
      return before
    }
    _ = before
    guard let version else { return }
    served.withLock { served in
      served.tallies.append(version.tally)
      guard served.tallies.count > Served.talliesMax else { return }
      served.earlierNonFinite += served.tallies.removeFirst().nonFinite.load(ordering: .relaxed)
    }
  }

  /// By version, oldest first; what was served twice counts together.
  var counts: [VersionCounts] {
    var sums: [Int64: (requests: Int64, nonFinite: Int64)] = [:]
    for tally in served.withLock({ $0.tallies }) {
      sums[tally.version, default: (0, 0)].requests += tally.requests.load(ordering: .relaxed)
      sums[tally.version, default: (0, 0)].nonFinite += tally.nonFinite.load(ordering: .relaxed)
    }
    return sums.sorted { $0.key < $1.key }.map {
      VersionCounts(version: $0.key, requests: $0.value.requests, nonFinite: $0.value.nonFinite)
    }
  }

  package var nonFinite: Int64 {
    counts.reduce(served.withLock { $0.earlierNonFinite }) { $0 + $1.nonFinite }
  }
}
