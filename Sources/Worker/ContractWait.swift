import Membership
import Registry
import Telemetry
import Vocabulary

/// How long a worker has waited for its group to run its contract, and what that means. A rule: the time comes from outside.
///
/// While others run what is registered, a rolling update is under way, and the wait has no end. Where nobody does, nobody may
/// ever: after a while (`WorkerService.init`) the worker ends, and says what a person can do.
package struct ContractWait: Sendable {
  /// Since when nobody runs it; nil: somebody does.
  private var aloneSince: ContinuousClock.Instant?

  package init() {}

  /// - Parameter isRun: Whether a living worker has the registered contract.
  /// - Returns: How long nobody has had it; nil: somebody has.
  package mutating func look(isRun: Bool, now: ContinuousClock.Instant = .now) -> Duration? {
    guard !isRun else {
      aloneSince = nil
      return nil
    }
    let since = aloneSince ?? now
    aloneSince = since
    return since.duration(to: now)
  }

  /// What the worker waits for.
  ///
  /// - Parameters:
  ///   - registered: The digest of what the group is to run.
  ///   - own: This worker's.
  package static func trouble(registered: String, own: String, isRun: Bool) -> Trouble {
    let contracts =
      "the pipeline is registered with contract \(registered.prefix(12)), and the worker has \(own.prefix(12)) of the same "
      + "file, by another environment or another version of the program"
    return isRun
      ? Trouble("worker_waits", contracts + "; it joins when 'start' registers its own", needsPerson: false)
      : Trouble(
        "contract_not_run",
        contracts + ", and no worker that lives has the registered one: nothing is learned until \(waysOn)")
  }

  /// What a person can do.
  static let waysOn =
    "workers run with the program and the environment of the 'start' that registered it, or 'start FILE' with this "
    + "worker's registers its own"
}

extension WorkerHeartbeat {
  /// The worker waits: that is said, is an incident while it lasts, and ends where nobody will ever join it.
  func waitForContract(_ record: PipelineRecord, _ wait: inout ContractWait) async throws {
    let (board, registered) = (resources.board, record.workFingerprint ?? "")
    let others = try await resources.registry.within(.seconds(3)).members(
      pipeline: resources.pipelineID, run: resources.run, silence: .seconds(10))
    let isRun = others.contains { $0.facts.id != resources.memberID && $0.facts.agrees(on: registered) }
    await resources.troubles.note(
      .contract, ContractWait.trouble(registered: registered, own: resources.work, isRun: isRun))
    if let alone = wait.look(isRun: isRun), alone >= resources.contractPatience {
      board.wish { wishes in
        wishes.waitedInVain = WorkerError.waitedInVain(
          registered: registered, own: resources.work, seconds: resources.contractPatience.seconds)
        wishes.stop = true
      }
    }
  }
}
