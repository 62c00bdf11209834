import Foundation
import Registry
import Telemetry
import Vocabulary

/// Lowers the learning rate while a rule wants it lower, and gives it back when that is over. What it is multiplied by stands in the
/// registry, for the workers and for the next controller; each change is an incident.
struct RateKeeper {
  private let pipelineID: Int64
  private let logger: Logger
  /// nil: not read yet.
  private var scale: Double?

  /// Each window that fails multiplies by the one, down to the other.
  private static let (share, least) = (0.5, 1.0 / 16)
  private static let kind = "rate_lowered"

  init(pipelineID: Int64, logger: Logger) {
    (self.pipelineID, self.logger) = (pipelineID, logger)
  }

  /// - Parameters:
  ///   - isSick: A rule that lowers the rate failed in the newest window.
  ///   - isOpen: It did, or its incident is not over yet.
  ///   - reason: What the rules say.
  ///   - checkpoint: Of the window: where the rate is changed it is seen with that, so that it changes it once.
  mutating func keep(
    isSick: Bool, isOpen: Bool, reason: String, window checkpoint: Int64, in registry: Registry
  ) async throws {
    let now: Double
    if let scale { now = scale } else { now = try await registry.pipeline(pipelineID)?.rateScale ?? 1 }
    scale = now
    if isSick, now > Self.least {
      try await set(max(Self.least, now * Self.share), reason, checkpoint, registry)
    } else if !isOpen, now < 1 {
      try await set(1, "", checkpoint, registry)
    }
  }

  private mutating func set(
    _ new: Double, _ reason: String, _ checkpoint: Int64, _ registry: Registry
  ) async throws {
    let sentence = "the learning rate is multiplied by \(new) from now on: \(reason)"
    let draft =
      new < 1
      ? IncidentDraft(kind: Self.kind, severity: .warning, details: IncidentDraft.details(["reason": sentence])) : nil
    // What is not known to have been written is read again.
    scale = nil
    try await registry.setRateScale(new, because: draft, kind: Self.kind, window: checkpoint, pipeline: pipelineID)
    scale = new
    if draft != nil {
      logger.warning("the learning rate is lowered", [.reason: LogValue(sentence)])
    } else {
      logger.notice("the learning rate is what it was again", [:])
    }
  }
}
