public import Evaluation
import Foundation
import Vocabulary

/// What became of the live requests that fell to one version by the split.
public struct LiveAnswers: Sendable, Hashable, Codable {
  /// One a request: 1 where it failed.
  public private(set) var failures = BoundedDifference()
  /// The logarithm of each answer's time in milliseconds less that of the first one that was dealt, so that bounds are narrow: of less
  /// than one nobody minds, and it counts as one.
  public private(set) var times = PairedDifference()
  /// The same numbers, which tell since when.
  public private(set) var failuresOnset = OnsetSums()
  public private(set) var timesOnset = OnsetSums()

  public init() {}

  /// - Parameter number: nil: there was no answer.
  fileprivate mutating func add(_ number: Double?) {
    guard let number else { return add(failure: 1) }
    times.add(candidate: number, baseline: 0)
    timesOnset.add(count: 1, sum: number, squares: number * number)
    add(failure: 0)
  }

  private mutating func add(failure: Double) {
    failures.add(failure)
    failuresOnset.add(count: 1, sum: failure, squares: failure)
  }

  /// Of another server. Since when it tells that has seen most.
  public mutating func merge(_ other: LiveAnswers) {
    failures.merge(other.failures)
    times.merge(other.times)
    if other.failuresOnset.count > failuresOnset.count { failuresOnset = other.failuresOnset }
    if other.timesOnset.count > timesOnset.count { timesOnset = other.timesOnset }
  }

  var failed: Int64 { Int64((failures.mean * Double(failures.count)).rounded()) }
}

/// The requests that were dealt at a canary's share: its own, and those of the stable version meanwhile.
public struct SplitAnswers: Sendable, Hashable, Codable {
  public private(set) var canary = LiveAnswers()
  public private(set) var stable = LiveAnswers()
  /// The logarithm of the first answer's milliseconds.
  private var first: Double?

  public init() {}

  /// - Parameter time: That an answer took; nil: there was none.
  public mutating func add(_ time: Duration?, byCanary: Bool) {
    let number = time.map { log(max($0.seconds * 1000, 1)) }
    first = first ?? number
    let off = number.flatMap { number in first.map { number - $0 } }
    if byCanary { canary.add(off) } else { stable.add(off) }
  }

  /// Of another server, which deals by the same share: times are held against each other within each.
  public mutating func merge(_ other: SplitAnswers) {
    if other.stable.times.count > stable.times.count || first == nil { first = other.first }
    canary.merge(other.canary)
    stable.merge(other.stable)
  }

  /// One way in which a canary answers worse.
  struct Complaint {
    /// At least, and as it looks.
    let lower, observed: Double
    let margin: Double
    /// The end of a sentence that begins with the canary.
    let sentence: String
    var isCertain: Bool { lower > margin }
  }

  /// In what the canary looks worse than is tolerated, certain or not.
  ///
  /// Both ways together are called certain where they are not, at any look, as rarely as the policy says; each has half of the error, and
  /// of that each version's bound one half.
  func complaints(_ policy: RolloutPolicy) -> [Complaint] {
    let confidence = 1 - (1 - policy.confidence) / 2
    return [failing(policy, confidence), slower(policy, confidence)].compactMap(\.self)
  }

  private func failing(_ policy: RolloutPolicy, _ confidence: Double) -> Complaint? {
    let (own, other) = (canary.failures, stable.failures)
    guard own.mean - other.mean > policy.failureTolerance else { return nil }
    let lower =
      own.confidenceSequence(confidence: confidence).lower - other.confidenceSequence(confidence: confidence).upper
    return Complaint(
      lower: lower, observed: own.mean - other.mean, margin: policy.failureTolerance,
      sentence:
        "has failed at \(canary.failed) of \(own.count) live requests, the stable version at \(stable.failed) of "
        + "\(other.count): more than \(Rollout.short(policy.failureTolerance * 100)) % more"
        + Self.since(canary.failuresOnset))
  }

  private func slower(_ policy: RolloutPolicy, _ confidence: Double) -> Complaint? {
    let (own, other, margin) = (canary.times, stable.times, log(1 + policy.latencyTolerance))
    guard own.count > 0, other.count > 0, own.mean - other.mean > margin else { return nil }
    let (mine, theirs) = (bounds(own, confidence, policy), bounds(other, confidence, policy))
    func typical(_ times: PairedDifference) -> String { Rollout.short(exp((first ?? 0) + times.mean)) }
    let times = "\(typical(own)) ms against \(typical(other)) ms"
    return Complaint(
      lower: mine.lower - theirs.upper, observed: own.mean - other.mean, margin: margin,
      sentence: "answers live requests in \(times) of the stable version, "
        + "\(Rollout.short(exp(own.mean - other.mean))) times as long on \(own.count) of them, beyond "
        + "\(Rollout.short(1 + policy.latencyTolerance)) times" + Self.since(canary.timesOnset))
  }

  private func bounds(
    _ times: PairedDifference, _ confidence: Double, _ policy: RolloutPolicy
  ) -> (lower: Double, upper: Double) {
    times.confidenceSequence(confidence: confidence, tightestAt: max(policy.requestsMin, PairedDifference.pairsMin))
  }

  private static func since(_ onset: OnsetSums) -> String {
    onset.rise.map { ", since about \($0.ago) of them" } ?? ", since the first of them"
  }
}

extension Rollout {
  /// A canary that certainly answers its share of live requests worse than the stable version does the others, by more than is
  /// tolerated.
  static func judgeAnswers(_ evidence: CandidateEvidence, _ policy: RolloutPolicy) -> Judgement? {
    let complaints = evidence.traffic?.answers?.complaints(policy) ?? []
    guard let complaint = complaints.first(where: \.isCertain) else { return nil }
    return Judgement(
      verdict: .fail, rule: .liveAnswers, observed: complaint.observed, threshold: complaint.margin,
      window: "\(evidence.traffic?.answers?.canary.failures.count ?? 0) requests", reason: complaint.sentence)
  }
}
