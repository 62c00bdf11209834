import Evaluation
import Foundation
import Synchronization

/// When one run was decided, in records; nil: never.
struct RunOutcome: Sendable {
  var promoted: Int?
  var rolledBack: Int?
  /// The version was called worse, by whatever little.
  var calledWorse: Int?
}

/// How the runs are made.
struct ErrorSettings: Sendable {
  var runs = 10_000
  var records = 50_000
  var batch = 250
  /// Records before the first look.
  var first = 2000
  var alpha = 0.01
  var seed: UInt64 = 1
}

/// Many runs of one stream, all rules looking at the same records.
struct ErrorRuns: Sendable {
  let settings: ErrorSettings
  let stream: LossStream
  let candidate: LossStream.Candidate
  let rules: [StoppingRule]
  let offsets: LogitOffsets

  /// By rule, then run.
  func outcomes() -> [[RunOutcome]] {
    inParallel(settings.runs) { run in one(settings.seed &+ UInt64(run)) }.transposed(rules.count)
  }

  private func one(_ seed: UInt64) -> [RunOutcome] {
    var losses = LossRun(stream, candidate, offsets: offsets, seed: seed)
    var candidates = [Double](repeating: 0, count: settings.batch)
    var baselines = candidates
    var pairs = PairedDifference()
    var ranks = RankTest()
    var outcomes = [RunOutcome](repeating: RunOutcome(), count: rules.count)
    for records in stride(from: settings.batch, through: settings.records, by: settings.batch) {
      losses.next(candidate: &candidates, baseline: &baselines)
      for (own, other) in zip(candidates, baselines) { pairs.add(candidate: own, baseline: other) }
      if rules.contains(.kayenta) {
        ranks.add(candidate: candidates.mean, baseline: baselines.mean)
      }
      guard records >= settings.first else { continue }
      for (index, rule) in rules.enumerated() {
        if rule == .kayenta {
          if ranks.isHigh, outcomes[index].rolledBack == nil {
            outcomes[index].rolledBack = records
            outcomes[index].calledWorse = records
          }
          // It has one verdict, at the end of the analysis.
          if records == settings.records, outcomes[index].rolledBack == nil { outcomes[index].promoted = records }
          continue
        }
        let look = rule.look(
          pairs, alpha: settings.alpha, tightestAt: Int64(settings.first), horizon: settings.records)
        if outcomes[index].calledWorse == nil, look.lower > 0 { outcomes[index].calledWorse = records }
        guard outcomes[index].promoted == nil, outcomes[index].rolledBack == nil else { continue }
        if look.lower > stream.margin { outcomes[index].rolledBack = records }
        if look.upper <= stream.margin { outcomes[index].promoted = records }
      }
    }
    return outcomes
  }
}

/// The values of `body` for each index, worked out on all processors.
func inParallel<Value: Sendable>(_ count: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
  let values = Mutex([Value?](repeating: nil, count: count))
  DispatchQueue.concurrentPerform(iterations: count) { index in
    let value = body(index)
    values.withLock { $0[index] = value }
  }
  return values.withLock { $0.compactMap { $0 } }
}

extension [[RunOutcome]] {
  fileprivate func transposed(_ count: Int) -> [[RunOutcome]] { (0..<count).map { column in map { $0[column] } } }
}

extension [Double] {
  /// Not of none.
  var mean: Double { reduce(0, +) / Double(count) }
}
