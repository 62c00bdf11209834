import Evaluation
import Foundation

/// What live requests there are for a canary at the share it has, as servers tell it.
public struct CanaryTraffic: Sendable, Hashable, Codable {
  /// How one server dealt requests at that share: each key once, by who answered it first, and each request without one.
  public struct Split: Sendable, Hashable, Codable {
    public var canary: Int64
    public var stable: Int64

    public init(canary: Int64, stable: Int64) { (self.canary, self.stable) = (canary, stable) }
  }

  /// Servers that were seen of late.
  public var servers: Int
  /// Requests that the canary itself has answered since it came to its share, or computed beside the stable version.
  public var requests: Int64
  /// One a server that deals by that share.
  public var splits: [Split]
  /// Of all of them together; nil: none says.
  public var answers: SplitAnswers?

  public init(servers: Int, requests: Int64, splits: [Split] = [], answers: SplitAnswers? = nil) {
    (self.servers, self.requests, self.splits, self.answers) = (servers, requests, splits, answers)
  }

  /// Requests were dealt otherwise than they should have been: then those of the canary are not like the others, and what is
  /// measured on them says nothing.
  public struct Mismatch: Sendable, Hashable, Codable {
    /// Of all keys and requests without one, those that the canary should have had and had.
    public let share, observed: Double
    public let units: Int64

    /// The end of a sentence that begins with the version.
    public var sentence: String {
      "should answer \(Rollout.short(share * 100)) % of the keys of live requests and has answered "
        + "\(Rollout.short(observed * 100)) % of \(units): what it failed at others answered, or a server deals otherwise"
    }
  }

  /// With which a mismatch is told where there is none, over all looks at one share.
  static let alpha = 0.001

  /// nil: the shares are what they should be, as far as anybody can tell.
  ///
  /// Requests of one key go one way, so keys are counted, which do not depend on each other. A key that several servers see is counted
  /// by each: so evidence is weighed server by server, and its mean over all of them is evidence as well, however they depend.
  ///
  /// - Source: `SampleRatio` of one server; Vovk & Wang 2021, "E-values: calibration, combination and applications", Annals of
  ///   Statistics 49(3) (the mean of e-values).
  public func mismatch(share: Double) -> Mismatch? {
    guard share > 0, share < 1, !splits.isEmpty else { return nil }
    let evidence = splits.map { split in
      SampleRatio(counts: [split.canary, split.stable], shares: [share, 1 - share]).logEvidence
    }
    let most = evidence.max() ?? 0
    let mean = most + log(evidence.reduce(0) { $0 + exp($1 - most) } / Double(evidence.count))
    guard mean >= -log(Self.alpha) else { return nil }
    let canary = splits.reduce(0) { $0 + $1.canary }
    let units = splits.reduce(canary) { $0 + $1.stable }
    return Mismatch(share: share, observed: Double(canary) / Double(max(units, 1)), units: units)
  }
}

extension Rollout {
  /// What keeps a canary from its next share though its pairs are as good, as the end of a sentence; nil: nothing.
  ///
  /// Frozen pairs say what it answers, and nothing of whether it answers: one that nobody has asked must not rise.
  static func obstacle(
    _ canary: VersionFacts, _ evidence: CandidateEvidence, policy: RolloutPolicy
  ) -> String? {
    guard let traffic = evidence.traffic, traffic.servers > 0 else { return nil }
    if let mismatch = traffic.mismatch(share: canary.share) { return mismatch.sentence }
    guard traffic.requests < policy.requestsMin else {
      return traffic.answers?.complaints(policy).first.map { "\($0.sentence): it is held until more of them tell" }
    }
    return "waits for live requests: at \(short(canary.share * 100)) % it has answered \(traffic.requests) of "
      + "\(policy.requestsMin)"
  }

  /// What a step stands on beside the pairs; empty: nobody said.
  static func basis(_ evidence: CandidateEvidence) -> String {
    guard let traffic = evidence.traffic else { return "" }
    return traffic.servers > 0
      ? "; it has answered \(traffic.requests) live requests at its share"
      : "; no server is there, so its pairs alone decide"
  }
}
