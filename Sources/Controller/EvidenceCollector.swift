import Evaluation
import Foundation
import Health
import Pipelines
import Registry
import Rollouts
import Vocabulary

/// Joins what the tables know of a version: its checkpoint's health and measures, what its frozen weights lost since, and what
/// servers saw of its replies.
struct EvidenceCollector: Sendable {
  let registry: Registry
  let pipelineID: Int64
  let policy: HealthPolicy
  let recordsMin: Int64

  /// Windows that are taken together, at most.
  private static let windowsMax = 32

  /// - Throws: `RegistryError`.
  ///
  /// - Parameters:
  ///   - newest: The checkpoint that says last what frozen versions lost; nil: none does.
  ///   - replies: What servers saw of it; nil: none answered with it.
  ///   - isAlone: There is no version to hold it against.
  func evidence(
    for version: VersionRecord, newest: CheckpointRecord?, replies: ServerReport.Outputs?, isAlone: Bool
  ) async throws -> CandidateEvidence {
    guard let checkpoint = try await registry.checkpoint(version.checkpoint) else {
      throw RegistryError(.notFound, "version \(version.number) stands on a checkpoint that is gone")
    }
    let health = try await registry.layerHealth(checkpoint: version.checkpoint)
    var evidence = CandidateEvidence(
      metrics: isAlone ? try await ofLate(checkpoint) : checkpoint.metrics,
      nonFiniteParameter: checkpoint.nonFiniteParameter,
      findings: examine(
        HealthWindow(layers: health, fields: checkpoint.fields, score: HealthWindow.Score(checkpoint)),
        policy: policy))
    // The lineage's of now: at its own checkpoint the learner was perhaps held against another version.
    let learner = newest?.lineage == checkpoint.lineage ? newest ?? checkpoint : checkpoint
    (evidence.trend, evidence.trendOver) = (learner.comparison, learner.comparedWith)
    // Of its own window: what the learner once gave, and has made up for, is nothing of the version.
    evidence.nonFiniteOutputs = checkpoint.window.nonFiniteOutputs
    evidence.isLast = checkpoint.isFinal && newest?.id == checkpoint.id
    if let frozen = newest?.frozen, let own = frozen[version: version.number] {
      evidence.nonFiniteOutputs += own.nonFinite
      if version.number != frozen.reference {
        (evidence.comparison, evidence.comparedWith) = (own.pairs, frozen.reference)
        evidence.decline = try await decline(of: own, in: newest)
        if !frozen.slices.fields.isEmpty {
          evidence.slices = slices(of: own, in: frozen.slices)
          evidence.slicesMax = frozen.slices.fields.count * SliceTable.placesPerField
        }
        if own.errors.count > 0 { (evidence.errors, evidence.area) = (own.errors, own.area) }
      }
    }
    evidence.nonFiniteOutputs += replies?.nonFinite ?? 0
    return evidence
  }

  /// With the moment, where it may matter: checkpoints are looked through for it.
  private func decline(of entry: FrozenScores.Entry, in newest: CheckpointRecord?) async throws -> Decline? {
    guard var decline = Decline(entry), let newest, let reference = newest.frozen?.reference else { return nil }
    guard let began = decline.began, decline.logEvidence > Self.doubt else { return decline }
    let last = try await registry.checkpoints(pipeline: pipelineID, limit: Self.windowsMax).first { earlier in
      guard earlier.lineage == newest.lineage, let frozen = earlier.frozen, frozen.reference == reference,
        let own = frozen[version: entry.version]
      else { return false }
      return own.pairs.count <= entry.pairs.count - began.pairsAgo
    }
    decline.began?.at = last?.createdAt
    return decline
  }

  /// The logarithm of the evidence from which it is asked when it began: soon it may be told.
  private static let doubt = log(100.0)

  /// Those that have pairs.
  private func slices(of entry: FrozenScores.Entry, in table: SliceTable) -> [SliceEvidence] {
    table.fields.indices.flatMap { field in
      (0..<SliceTable.placesPerField).compactMap { place in
        let (pairs, errors) = (
          entry.slices.pairs(of: field, place: place), entry.slices.errors(of: field, place: place)
        )
        guard pairs.count > 0 else { return nil }
        return SliceEvidence(
          name: table.name(of: field, place: place), loss: pairs, errors: errors.count > 0 ? errors : nil)
      }
    }
  }

  /// Of the windows up to a checkpoint's own that have enough records together: what a model lost in its first thousand records
  /// says nothing of what it has become.
  private func ofLate(_ checkpoint: CheckpointRecord) async throws -> StreamMetrics {
    var sum = checkpoint.window
    guard sum.records < recordsMin else { return sum }
    let earlier = try await registry.checkpoints(pipeline: pipelineID, limit: Self.windowsMax)
      .filter { $0.id < checkpoint.id && $0.lineage == checkpoint.lineage }
    for window in earlier where sum.records < recordsMin { sum.merge(window.window) }
    return sum.records < recordsMin ? checkpoint.metrics : sum
  }
}
