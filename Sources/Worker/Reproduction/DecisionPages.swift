import Confinement
package import Registry
package import Vocabulary

/// What was decided of a lineage's steps, asked for one after the other: read window by window.
///
/// A replay's thread only.
package final class DecisionPages {
  private let registry: Registry
  /// The checkpoints whose windows hold the steps, in their order.
  private let windows: [LineageWindow]
  private var next = 0
  private var page: [Int64: StepDecision] = [:]
  private var last: Int64 = 0

  package init(_ registry: Registry, windows: [LineageWindow]) {
    (self.registry, self.windows) = (registry, windows)
  }

  /// nil: the ledger does not say.
  ///
  /// - Throws: What the registry throws: a replay that went on without would make other steps than were made.
  package func decision(of step: Int64) throws -> StepDecision? {
    while step > last, next < windows.count {
      let (window, registry) = (windows[next], registry)
      next += 1
      last = window.step
      guard step <= last else { continue }
      let decisions = try blockingAwait(until: .after(.seconds(30))) {
        try await registry.decisions(ofCheckpoint: window.checkpoint)
      }
      page = Dictionary(decisions.map { ($0.step, $0) }) { $1 }
    }
    return page[step]
  }
}

extension StepReplay {
  /// Holds its steps against what was decided of them, and takes their rates from there.
  ///
  /// - Parameters:
  ///   - windows: That hold the steps, in their order.
  ///   - known: What the steps were made without the first time.
  package func follow(_ registry: Registry, _ windows: [LineageWindow], known: LeftOut) {
    let pages = DecisionPages(registry, windows: windows)
    decided = { try pages.decision(of: $0) }
    self.known = known
  }
}
