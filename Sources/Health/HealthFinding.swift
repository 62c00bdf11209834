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
  public let verdict: Verdict
  /// The feature that it is about; nil: the layer.
  public var feature: String?
  /// The same in words; nil: the numbers say it all.
  public let detail: String?
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
}
