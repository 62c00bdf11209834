public import Vocabulary

/// What one rule says about one layer or one feature, with its evidence.
public struct HealthFinding: Sendable, Hashable, Codable {
  /// In place of a layer, of what is about the stream as a whole.
  public static let stream = "stream"

  /// The rule's name in tables, metrics and logs: `HealthRule.rawValue`.
  public let rule: String
  public let layer: String
  /// In the unit of the threshold.
  @JSONSafe public var observed: Double
  @JSONSafe public var threshold: Double
  public internal(set) var verdict: Verdict
  /// The feature that it is about; nil: the layer.
  public var feature: String?
  /// The version whose frozen weights show it; nil: it is about what learns, or about the stream.
  public var version: Int64?
  /// The same in words; nil: the numbers say it all.
  public internal(set) var detail: String?
  /// What is done where it fails; nil: nobody was asked.
  public var action: HealthAction?

  public init(
    rule: String, layer: String, observed: Double, threshold: Double, verdict: Verdict, feature: String? = nil,
    detail: String? = nil
  ) {
    self.rule = rule
    self.layer = layer
    self.observed = observed
    self.threshold = threshold
    self.verdict = verdict
    self.feature = feature
    self.detail = detail
  }
}

extension HealthFinding {
  /// What it says, without its full stop: as in `dead_units in layer hidden_1: 0.95 against a limit of 0.9`.
  public var sentence: String {
    detail.map { "\(rule): \($0)" }
      ?? "\(rule) in layer \(layer): \(short(observed)) against a limit of \(short(threshold))"
  }

  /// The same of one version's frozen weights.
  public func about(version: Int64) -> HealthFinding {
    var finding = self
    finding.version = version
    finding.detail = "by the frozen weights of version \(version), \(detail ?? sentence)"
    return finding
  }

  /// Nothing that is the version's own: another one fails as well.
  public func asOfTheStream(_ other: Int64) -> HealthFinding {
    guard verdict == .fail else { return self }
    var finding = self
    finding.verdict = .inconclusive
    finding.detail = "\(detail ?? sentence); version \(other) fails as well: it is the stream that has changed"
    return finding
  }
}
