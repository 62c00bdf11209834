import Foundation
package import Registry
import Synchronization

/// What the answering threads and the service share: the version in use, and counts. Any thread.
package final class ServingState: Sendable {
  private struct Current {
    var version: LoadedVersion?
    var facts: StableVersion?
    var loadedAt: Date?
  }

  /// More versions than these are not told apart for ever: the oldest without a non-finite answer is forgotten.
  private static let talliesMax = 64

  package init() {}

  let startedAt = Date()
  let requests = Atomic<Int64>(0)
  /// Requests answered with a status of 500 and above.
  let failures = Atomic<Int64>(0)
  /// Whether the server has been told to stop.
  let isStopping = Atomic<Bool>(false)
  /// Requests for predictions, whatever became of them.
  let inferences = Atomic<Int64>(0)
  private let current = Mutex(Current())
  /// What became of the answers, by version.
  private let served = Mutex<[LoadedVersion.Tally]>([])

  /// A request was answered.
  func count(status: Int) {
    requests.add(1, ordering: .relaxed)
    if status >= 500 { failures.add(1, ordering: .relaxed) }
  }

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
      served.append(version.tally)
      guard served.count > Self.talliesMax else { return }
      if let clean = served.firstIndex(where: { $0.nonFinite.load(ordering: .relaxed) == 0 }) {
        served.remove(at: clean)
      }
    }
  }

  /// By version; what was served twice counts together.
  package var outputs: [Int64: ServerReport.Outputs] {
    var sums: [Int64: ServerReport.Outputs] = [:]
    for tally in served.withLock({ $0 }) {
      sums[tally.version, default: .init(requests: 0, nonFinite: 0)].requests += tally.requests.load(ordering: .relaxed)
      sums[tally.version, default: .init(requests: 0, nonFinite: 0)].nonFinite += tally.nonFinite.load(
        ordering: .relaxed)
    }
    return sums
  }

  package var nonFinite: Int64 { outputs.values.reduce(0) { $0 + $1.nonFinite } }
}
