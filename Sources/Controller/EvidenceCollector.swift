import Evaluation
import Foundation
import Health
import Pipelines
import Registry
import Rollouts
import Vocabulary

/// Joins what the tables know of a version: its checkpoint's health and measures, and what servers saw of its replies.
struct EvidenceCollector: Sendable {
  let registry: Registry
  let pipelineID: Int64
  let policy: HealthPolicy

  /// - Throws: `RegistryError`.
  func evidence(for version: VersionRecord) async throws -> CandidateEvidence {
    guard let checkpoint = try await registry.checkpoint(version.checkpoint) else {
      throw RegistryError(.notFound, "version \(version.number) stands on a checkpoint that is gone")
    }
    let health = try await registry.layerHealth(checkpoint: version.checkpoint)
    let replies = try await registry.serverOutputs(pipeline: pipelineID)[version.number]
    var evidence = CandidateEvidence(
      metrics: checkpoint.metrics, nonFiniteParameter: checkpoint.nonFiniteParameter,
      findings: examine(
        HealthWindow(layers: health, fields: checkpoint.fields, score: HealthWindow.Score(checkpoint)),
        policy: policy),
      comparison: checkpoint.comparison,
      comparedWith: checkpoint.comparedWith)
    evidence.nonFiniteOutputs += replies?.nonFinite ?? 0
    return evidence
  }
}
