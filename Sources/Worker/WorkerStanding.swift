import Registry
import Telemetry
import Vocabulary

/// What a worker is to its pipeline as that is registered by now. A rule.
package enum WorkerStanding: Sendable, Hashable {
  /// It does what the pipeline is to do.
  case meant
  /// The group runs another contract, of the same file: nobody who started now would have another than this one either, so
  /// it waits until the group runs its own.
  case waits
  /// It works on what is the past by now: it ends, and its successor takes what is registered.
  case replaced

  /// - Parameters:
  ///   - registered: The digest of all that the group's workers agree on; nil: any goes.
  ///   - own: This worker's.
  ///   - isOfLineage: Whether lineage and stream are those that it began with.
  ///   - isOfText: Whether the registered text is the one that it was read from.
  ///   - hasWorked: Whether it has been in a generation.
  package init(registered: String?, own: String, isOfLineage: Bool, isOfText: Bool, hasWorked: Bool) {
    if !isOfLineage {
      self = .replaced
    } else if registered == nil || registered == own {
      self = .meant
    } else {
      self = hasWorked || !isOfText ? .replaced : .waits
    }
  }
}

extension WorkerResources {
  func standing(for record: PipelineRecord, hasWorked: Bool) -> WorkerStanding {
    WorkerStanding(
      registered: record.workFingerprint, own: work, isOfLineage: record.lineage == lineage && record.stream == stream,
      isOfText: specification == nil || specification == record.specification, hasWorked: hasWorked)
  }
}

extension WorkerHeartbeat {
  /// Ends or waits where the pipeline is another one by now. Each is logged once.
  func followContract(_ record: PipelineRecord, _ wait: inout ContractWait) async throws {
    let (board, logger) = (resources.board, resources.logger)
    let facts = board.currentFacts
    switch resources.standing(for: record, hasWorked: facts.generation != nil) {
    case .meant:
      guard facts.awaits != nil else { return }
      board.report { facts in
        facts.awaits = nil
        facts.phase = "joining"
      }
      wait = ContractWait()
      await resources.troubles.clear(.contract)
      logger.notice(
        "the group runs this worker's contract by now: joining it", [.fingerprint: LogValue(resources.work)])
    case .waits:
      // What it follows where the file leaves something open may be another by now: its successor finds out.
      guard facts.awaits == nil || facts.awaits == record.workFingerprint else { return end() }
      // The thread that joins may have said its own word since.
      board.report { facts in
        facts.awaits = record.workFingerprint
        facts.phase = "waiting"
      }
      try await waitForContract(record, &wait)
    case .replaced: end()
    }
  }

  private func end() {
    let board = resources.board
    guard !board.currentWishes.isReplaced else { return }
    resources.logger.error(
      "another contract, training or lineage is registered than this worker has: it ends, and the next takes that",
      [.fingerprint: LogValue(resources.work)])
    board.wish { wishes in
      wishes.isReplaced = true
      wishes.stop = true
    }
  }
}
