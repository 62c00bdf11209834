import Evaluation
import Foundation
import Registry
import Rollouts
import Vocabulary

/// What was appended when, which version answered from when on, and what the tables say of how it came to: how old records were
/// when weights that had learned them answered, and where that time went.
struct FreshnessRecord: Sendable {
  /// When each record was handed to the broker's client, by partition and offset; seconds since `began`, as all here.
  let times: [[Double]]
  let swaps: [(version: Int64, at: Double)]
  let began: Date
  /// Of the appending; what was appended before warms up.
  let measured: Range<Double>

  /// Where a record's time goes, one after the other.
  private enum Stage: String, CaseIterable {
    /// From the broker's client to the first checkpoint that has learned it, which is being written.
    case learned = "in a checkpoint"
    /// From there to the checkpoint that came to serve: those between did not.
    case turn = "in one that serves"
    case proposed
    case admitted
    /// The server has followed.
    case answers
  }

  /// A version that came to answer.
  private struct Served {
    let checkpoint: CheckpointRecord
    let proposed, admitted, answered: Double
  }

  private struct Age {
    let milliseconds: Double
    /// In the order of `Stage`; none where nobody had learned it at the end.
    let stages: [Double]
  }

  private func seconds(_ date: Date) -> Double { date.timeIntervalSince(began) }

  func report(_ params: [String: String], pipeline: Int64, in registry: Registry) async throws {
    let decisions = try await registry.decisions(pipeline: pipeline, limit: 100_000)
    let served = try await served(decisions, pipeline, registry)
    let checkpoints = try await registry.checkpoints(pipeline: pipeline, limit: 100_000).reversed()
    let ages = ages(served, Array(checkpoints)).sorted { $0.milliseconds < $1.milliseconds }
    guard !ages.isEmpty else { throw BenchError("no version came to serve in \(Int(measured.upperBound)) s") }
    let asked = times.reduce(0) { $0 + $1.count(where: measured.contains) }
    var params = params
    params["records"] = "\(asked)"
    params["answered"] = "\(ages.count)"
    params["swaps"] = "\(swaps.count { measured.contains($0.at) })"
    params["confirmed"] =
      "\(decisions.count { $0.from == .stable && $0.to == .stable || $0.from == .retired && $0.to == .retired })"
    params["rolled_back"] = "\(decisions.count { $0.to == .rolledBack })"
    for share in [0.5, 0.9, 0.99, 1] {
      try emit(params.merging(["quantile": "\(share)"]) { $1 }, [quantile(share, ages.map(\.milliseconds))])
    }
    try emit(stagesOf: ages, "of all")
    try emit(stagesOf: Array(ages.suffix(max(1, ages.count / 100))), "of the oldest 1 %")
    try await emitCandidates(decisions, pipeline, registry)
    try emitTrend(checkpoints.filter { measured.contains(seconds($0.createdAt)) })
  }

  private func quantile(_ share: Double, _ sorted: [Double]) -> Double {
    sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
  }

  private func emit(_ params: [String: String], _ samples: [Double], unit: String = "ms") throws {
    try BenchReport(workload: "freshness", params: params, samples: samples, unit: unit).emit()
  }

  private func served(
    _ decisions: [DecisionRecord], _ pipeline: Int64, _ registry: Registry
  ) async throws -> [Served] {
    var served: [Served] = []
    for swap in swaps {
      guard let version = try await registry.version(swap.version, pipeline: pipeline),
        let checkpoint = try await registry.checkpoint(version.checkpoint)
      else { continue }
      let admitted = decisions.last { $0.version == swap.version && $0.to == .stable }?.decidedAt ?? version.createdAt
      served.append(
        Served(
          checkpoint: checkpoint, proposed: seconds(version.createdAt), admitted: seconds(admitted), answered: swap.at))
    }
    return served
  }

  private func ages(_ served: [Served], _ checkpoints: [CheckpointRecord]) -> [Age] {
    var next = [Int](repeating: 0, count: times.count)
    var ages: [Age] = []
    // By partition: the checkpoints' ends and times, the first that has a record is looked for from where the last was found.
    var found = [Int](repeating: 0, count: times.count)
    for version in served {
      for progress in version.checkpoint.progress where times.indices.contains(Int(progress.partition)) {
        let partition = Int(progress.partition)
        let learned = min(Int(progress.nextOffset), times[partition].count)
        // Who has answered with a record once may not do so for ever; that is the rollback's, not freshness.
        for offset in next[partition]..<max(next[partition], learned) where measured.contains(times[partition][offset])
        {
          let time = times[partition][offset]
          while found[partition] < checkpoints.count,
            !checkpoints[found[partition]].progress.contains(where: {
              Int($0.partition) == partition && Int($0.nextOffset) > offset
            })
          { found[partition] += 1 }
          let first = found[partition] < checkpoints.count ? checkpoints[found[partition]] : version.checkpoint
          let marks = [
            time, seconds(first.createdAt), seconds(version.checkpoint.createdAt), version.proposed, version.admitted,
            version.answered,
          ]
          ages.append(
            Age(
              milliseconds: (version.answered - time) * 1000,
              stages: zip(marks.dropFirst(), marks).map { ($0 - $1) * 1000 }))
        }
        next[partition] = max(next[partition], learned)
      }
    }
    // Those that nobody had learned at the end count as old as they were then: no figure becomes better by them.
    let end = max(swaps.last?.at ?? 0, measured.upperBound)
    for (partition, times) in times.enumerated() {
      for time in times.dropFirst(next[partition]) where measured.contains(time) && time < end - 5 {
        ages.append(Age(milliseconds: (end - time) * 1000, stages: []))
      }
    }
    return ages
  }

  /// The mean of each stage.
  private func emit(stagesOf ages: [Age], _ whose: String) throws {
    let known = ages.filter { !$0.stages.isEmpty }
    guard !known.isEmpty else { return }
    for (place, stage) in Stage.allCases.enumerated() {
      let mean = known.reduce(0) { $0 + $1.stages[place] } / Double(known.count)
      try emit(["stage": stage.rawValue, "records": whose], [mean])
    }
  }

  /// What became of candidates, and how long that took.
  private func emitCandidates(_ decisions: [DecisionRecord], _ pipeline: Int64, _ registry: Registry) async throws {
    var waits: [String: [Double]] = [:]
    for version in try await registry.versions(pipeline: pipeline, limit: 100_000) {
      let decided = decisions.last { $0.version == version.number && $0.to != .validated }
      guard let decided, measured.contains(seconds(decided.decidedAt)) else { continue }
      waits["\(decided.to.rawValue) (\(decided.rule))", default: []]
        .append(decided.decidedAt.timeIntervalSince(version.createdAt) * 1000)
    }
    for (fate, samples) in waits.sorted(by: { $0.key < $1.key }) {
      try emit(["candidates": fate], samples)
    }
  }

  /// How the learner stood against the version confirmed last, from checkpoint to checkpoint: nothing serves on watch unless the mean
  /// and two standard errors are within what is tolerated.
  private func emitTrend(_ checkpoints: [CheckpointRecord]) throws {
    let trends = checkpoints.compactMap(\.comparison).filter { $0.count > 1 }
    guard !trends.isEmpty else { return }
    let errors = trends.map { 2 * ($0.variance / Double($0.count)).squareRoot() }
    try emit(["trend": "mean"], trends.map(\.mean), unit: "nats")
    try emit(["trend": "two standard errors"], errors, unit: "nats")
    let share =
      Double(zip(trends, errors).count { $0.mean + $1 <= RolloutPolicy.usualTolerance }) / Double(trends.count)
    try emit(["trend": "checkpoints that it lets in"], [share], unit: "share")
  }
}
