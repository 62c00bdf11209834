import Evaluation
import Foundation
import Rollouts
import Vocabulary

/// What one rule made of one version.
struct ZooOutcome: Sendable {
  var version: String
  var isGood: Bool
  var rule: String
  /// Records until it was promoted, or caught: rolled back, or held up by a slice that is told.
  var promoted: Int?
  var caught: Int?
  /// The true difference of losses a record, as far as the run shows it.
  var mean: Double
  /// How far the change that was told lies from the true one, in records.
  var onsetOff: Int?
}

/// All versions of one seed, judged by all rules on the same records.
struct ZooRun {
  let seed: UInt64
  var batch = 250
  var first = 2000
  var alpha = 0.01
  var badRecords = 10_000
  var goodRecords = 50_000

  static let own = "retrain"

  func outcomes() -> [ZooOutcome] {
    let binary = ZooStable(.binary, seed: seed)
    let classes = ZooStable(.multiclass(3), seed: seed)
    let values = ZooStable(.regression, seed: seed)
    let versions = ZooVersion.bad(binary, classes, values) + ZooVersion.good(binary, classes, values)
    return versions.enumerated().flatMap { index, version in
      let stable = version.task == .binary ? binary : version.task == .regression ? values : classes
      return judge(version, against: stable.baseline, number: UInt64(index))
    }
  }

  private func judge(_ version: ZooVersion, against baseline: TinyNetwork, number: UInt64) -> [ZooOutcome] {
    var stream = ZooStream(version.task, truth: seed, seed: seed &* 4 &+ 2)
    var random = SplitMix64(run: seed &* 100 &+ number)
    var judge = ZooJudge(version.task, alpha: alpha, first: first)
    var peers = ZooPeers(
      margin: ZooJudge.margin(version.task), first: first, alpha: alpha,
      horizon: version.isGood ? goodRecords : badRecords)
    let end = version.isGood ? goodRecords : version.ruinedAt + badRecords
    var own = ZooOutcome(version: version.name, isGood: version.isGood, rule: Self.own, mean: 0)
    var sum = 0.0
    for index in 0..<end {
      let pair = pair(stream.next(), index, version, baseline, &random)
      judge.add(pair)
      peers.add(pair)
      if pair.candidateLoss.isFinite { sum += pair.candidateLoss - pair.baselineLoss }
      let records = index + 1
      guard records % batch == 0 else { continue }
      peers.look(records)
      guard own.promoted == nil, own.caught == nil, let judgement = judge.look() else { continue }
      // A version that is ruined later is promoted before, and judged on for as long as it serves.
      if judgement.verdict == .pass, version.ruinedAt == 0 { own.promoted = records }
      let isHeldUp = judgement.verdict == .inconclusive && judgement.decisive?.slice != nil
      if judgement.verdict == .fail || isHeldUp {
        own.caught = records - version.ruinedAt
        if version.ruinedAt > 0, let ago = judgement.decisive?.beganPairsAgo {
          own.onsetOff = abs(records - Int(ago) - version.ruinedAt)
        }
      }
    }
    own.mean = sum / Double(end)
    return [own] + peers.outcomes(own, ruinedAt: version.ruinedAt)
  }

  private func pair(
    _ record: ZooRecord, _ index: Int, _ version: ZooVersion, _ baseline: TinyNetwork, _ random: inout SplitMix64
  ) -> ZooPair {
    let own = version.answers(record, index, &random)
    let other = TinyNetwork.answers(baseline.logits(record.inputs), version.task)
    func loss(_ answers: [Float]) -> Double {
      answers.allSatisfy(\.isFinite)
        ? answers.withUnsafeBufferPointer { version.task.loss(outputs: $0.baseAddress!, label: record.label) } : .nan
    }
    func errs(_ answers: [Float]) -> Bool {
      answers.count > 1
        ? answers.firstIndex(of: answers.max() ?? 0) != Int(record.label) : (answers[0] >= 0.5) != (record.label >= 0.5)
    }
    // Both versions' times spread by a third.
    let latency = log(version.latency) + 0.47 * random.nextNormal()
    return ZooPair(
      candidateLoss: loss(own), baselineLoss: loss(other), candidateErrs: errs(own), baselineErrs: errs(other),
      candidateScore: own[0], baselineScore: other[0], isPositive: record.label >= 0.5, latency: latency,
      slice: record.slice)
  }
}
