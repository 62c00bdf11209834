import Evaluation
package import Registry
import Vocabulary

/// How soon a run beside was as good as the version that served when it began: both by what they lost of records before these were
/// learned, each on its own.
package struct RetrainRecovery: Sendable, Hashable, Codable {
  /// The version, and what it lost a record over its last records.
  package var stableVersion: Int64
  package var stableLoss: Double
  /// After so many steps, and records that were learned, the run lost no more; nil: it has not come to that.
  package var steps: Int64?
  package var records: Int64?

  /// Labelled records that are looked at together.
  static let recordsMin: Int64 = 1000
  private static let windowsMax = 5000

  /// - Returns: nil: there was no stable version, or nobody knows what it lost.
  package static func of(
    _ replay: ReplayRecord, pipeline: Int64, in registry: Registry
  ) async throws -> RetrainRecovery? {
    guard let number = try await registry.stableVersion(pipeline: pipeline, at: replay.begunAt),
      let version = try await registry.version(number, pipeline: pipeline),
      let end = try await registry.checkpoint(version.checkpoint),
      let stable = try await lossOfLate(end, registry)
    else { return nil }
    var recovery = RetrainRecovery(stableVersion: number, stableLoss: stable)
    let windows = try await registry.measuredWindows(
      pipeline: pipeline, run: replay.run, lineage: replay.lineage, limit: windowsMax)
    // The first of so many windows are not among them: nobody can say when it was.
    guard windows.count < windowsMax else { return recovery }
    let first = try await begin(of: replay, pipeline, registry)
    var (block, learned) = (StreamMetrics?.none, Int64(0))
    for window in windows {
      if block == nil { block = StreamMetrics(task: window.metrics.task) }
      block?.merge(window.metrics)
      learned += window.metrics.records
      guard let whole = block, whole.records >= recordsMin else { continue }
      block = nil
      if let loss = whole.meanLoss, loss <= stable {
        (recovery.steps, recovery.records) = (window.step - first, learned)
        break
      }
    }
    return recovery
  }

  /// The step that it went on from.
  private static func begin(of replay: ReplayRecord, _ pipeline: Int64, _ registry: Registry) async throws -> Int64 {
    guard let first = try await registry.lineage(replay.lineage, pipeline: pipeline)?.checkpoint else { return 0 }
    return try await registry.checkpoint(first)?.step ?? 0
  }

  private static func lossOfLate(_ end: CheckpointRecord, _ registry: Registry) async throws -> Double? {
    var sum = end.window
    guard sum.records < recordsMin else { return sum.meanLoss }
    let earlier = try await registry.measuredWindows(
      pipeline: end.pipeline, run: end.run, lineage: end.lineage, upTo: end.id - 1, limit: 64)
    for window in earlier.reversed() where sum.records < recordsMin && window.metrics.task == sum.task {
      sum.merge(window.metrics)
    }
    return sum.records > 0 ? sum.meanLoss : end.metrics.meanLoss
  }
}
