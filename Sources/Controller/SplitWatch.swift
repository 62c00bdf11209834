import Registry
import Rollouts
import Telemetry
import Vocabulary

/// Tells where live requests are dealt otherwise than a canary's share says, until they are not.
struct SplitWatch {
  static let kind = "split_mismatch"

  private let pipelineID: Int64
  private let logger: Logger
  /// nil: an earlier controller may have left one open.
  private var isOpen: Bool?

  init(pipelineID: Int64, logger: Logger) { (self.pipelineID, self.logger) = (pipelineID, logger) }

  /// - Throws: `RegistryError`.
  mutating func look(_ standings: VersionStandings, _ registry: Registry) async throws {
    guard let (canary, mismatch) = standings.mismatch else {
      if isOpen ?? true { try await registry.closeTroubles(pipeline: pipelineID, kind: Self.kind) }
      if isOpen == true { logger.notice("over, requests are dealt as they should be", [.rule: LogValue(Self.kind)]) }
      isOpen = false
      return
    }
    guard isOpen != true else { return }
    let reason = "version \(canary), the canary, \(mismatch.sentence); it is held, and not promoted by itself"
    try await registry.openTrouble(
      pipeline: pipelineID,
      IncidentDraft(kind: Self.kind, severity: .error, details: IncidentDraft.details(["reason": reason])))
    logger.warning("live requests are dealt otherwise than they should be", [.reason: LogValue(reason)])
    isOpen = true
  }
}
