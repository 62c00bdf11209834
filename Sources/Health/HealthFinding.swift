public import Vocabulary

/// What one rule says about one layer or one feature, with its evidence.
public struct HealthFinding: Sendable, Hashable, Codable {
  /// The rule's name in tables, metrics and logs: `HealthRule.rawValue`.
  public let rule: String
  public let layer: String
  /// In the unit of the threshold.
  @JSONSafe public var observed: Double
  @JSONSafe public var threshold: Double
  public let verdict: Verdict
  /// The feature that it is about; nil: the layer.
  public let feature: String?
  /// The same in words; nil: the numbers say it all.
  public let detail: String?

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

/// The rules' names.
public enum HealthRule: String, Sendable, Hashable, Codable, CaseIterable {
  /// Not one element is NaN or infinite. Observed: how many are.
  case nonFinite = "non_finite"
  /// Observed: share of units that were zero in every row.
  case deadUnits = "dead_units"
  /// Observed: share of saturated activations.
  case saturated
  /// Observed: root mean square of the gradient's norm.
  case explodingGradient = "exploding_gradient"
  /// Observed: root mean square of the gradient's norm.
  case vanishingGradient = "vanishing_gradient"
  /// Observed: mean norm of an update over the parameters' norm.
  case updateRatio = "update_ratio"
  /// Observed: population stability index of the activations against the baseline's.
  case drift
  /// Observed: share of records that lack the feature.
  case missingFeature = "missing_feature"
  /// Observed: share of records whose category is none of the known values.
  case unknownValues = "unknown_values"
  /// Observed: share of records whose value is outside the clip range.
  case clippedValues = "clipped_values"
  /// Observed: share of records whose value is far outside the feature's usual range.
  case wildValues = "wild_values"
}
