public import Evaluation
public import Foundation

/// What the watch over two versions' pairs says, which a long good history does not blind.
public struct Decline: Sendable, Hashable, Codable {
  /// When it probably began.
  public struct Onset: Sendable, Hashable, Codable {
    public var pairsAgo: Int64
    /// The means of the differences before, and since.
    public var before: Double
    public var since: Double
    /// Not before this moment, as far as kept checkpoints tell; nil: they do not.
    public var at: Date?

    public init(pairsAgo: Int64, before: Double, since: Double, at: Date? = nil) {
      (self.pairsAgo, self.before, self.since, self.at) = (pairsAgo, before, since, at)
    }
  }

  /// The logarithm of the evidence; see `DeclineWatch`.
  public var logEvidence: Double
  /// How much worse is tolerated.
  public var margin: Double
  public var pairs: Int64
  /// nil: it has always been so, as far as can be told.
  public var began: Onset?

  public init(logEvidence: Double, margin: Double, pairs: Int64, began: Onset? = nil) {
    (self.logEvidence, self.margin, self.pairs, self.began) = (logEvidence, margin, pairs, began)
  }

  /// nil: nothing was looked at.
  public init?(_ entry: FrozenScores.Entry) {
    guard let margin = entry.declineMargin else { return nil }
    self.init(
      logEvidence: entry.decline.logEvidence, margin: margin, pairs: entry.decline.pairs,
      began: entry.decline.began.map { Onset(pairsAgo: $0.pairsAgo, before: $0.before, since: $0.since) })
  }

  func isTold(alpha: Double) -> Bool { logEvidence >= -log(alpha) }

  /// "it probably began 500 pairs ago, after 2023-11-14T22:13:20Z"; nil: it has always been so.
  var beginning: String? {
    began.map { began in
      "it probably began \(began.pairsAgo) pairs ago" + (began.at.map { ", after \($0.formatted(.iso8601))" } ?? "")
    }
  }

  /// Of a version that has become worse than `other`: the end of a sentence that begins with it.
  func sentence(beside other: Int64) -> String {
    let most = "beyond a tolerance of \(Rollout.short(margin))"
    guard let began, let beginning else { return "has become worse than version \(other) of late, \(most)" }
    return
      "has become worse than version \(other): its loss minus that of version \(other) is \(Rollout.short(began.since)) "
      + "in the last \(began.pairsAgo) of \(pairs) pairs, and was \(Rollout.short(began.before)) before, \(most); \(beginning)"
  }
}
