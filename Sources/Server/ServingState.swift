import Foundation
package import Registry
package import Rollouts
import Synchronization

/// What the answering threads and the service share: the versions in use, and counts. Any thread.
package final class ServingState: Sendable {
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
  /// How requests are dealt to a canary.
  let split = SplitTally()
  package var splitReport: ServerReport.Split? { split.split }
  package var splitAnswers: SplitAnswers? { split.answers }
  private let current = Mutex(ServingSet())
  /// What became of the answers, by version.
  private let served = Mutex<[VersionTally]>([])

  /// A request was answered.
  func count(status: Int) {
    requests.add(1, ordering: .relaxed)
    if status >= 500 { failures.add(1, ordering: .relaxed) }
  }

  package var versions: ServingSet { current.withLock { $0 } }
  /// What answers; nil: nothing does.
  var version: LoadedVersion? { versions.stable?.version }

  /// Puts `set` in the place of the one before, for every request that begins from now on.
  package func swap(to set: ServingSet) {
    split.begin(set.canary?.number, share: set.canaryShare)
    // The old one is freed after the lock, not under it.
    let before = current.withLock { current in
      let before = current
      current = set
      return before
    }
    _ = before
    served.withLock { served in
      for tally in set.all.map(\.version.tally) where !served.contains(where: { $0 === tally }) {
        served.append(tally)
        guard served.count > Self.talliesMax else { continue }
        if let clean = served.firstIndex(where: { $0.nonFinite.load(ordering: .relaxed) == 0 }) {
          served.remove(at: clean)
        }
      }
    }
  }

  /// By version; what was served twice counts together.
  package var outputs: [Int64: ServerReport.Outputs] {
    var sums: [Int64: ServerReport.Outputs] = [:]
    for tally in served.withLock({ $0 }) { sums[tally.version, default: .init()].add(tally.outputs) }
    return sums
  }

  package var nonFinite: Int64 { outputs.values.reduce(0) { $0 + $1.nonFinite } }
}
