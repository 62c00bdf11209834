/// The names of the rules that a model's health is held against: in pipeline files, tables, metrics, incidents and runbooks.
public enum HealthRule: String, Sendable, Hashable, Codable, CaseIterable {
  case nonFinite = "non_finite"
  case deadUnits = "dead_units"
  case saturated
  case allZero = "all_zero"
  case zeroShare = "zero_share"
  case tailMass = "tail_mass"
  case explodingGradient = "exploding_gradient"
  case vanishingGradient = "vanishing_gradient"
  case updateRatio = "update_ratio"
  case unchangedWeights = "unchanged_weights"
  case poorInitialization = "poor_initialization"
  case drift
  case lossDrift = "loss_drift"
  case lossSpike = "loss_spike"
  case diverging
  case lossNotDecreasing = "loss_not_decreasing"
  case calibration
  case missingFeature = "missing_feature"
  case featureGone = "feature_gone"
  case unknownValues = "unknown_values"
  case clippedValues = "clipped_values"
  case wildValues = "wild_values"
  case sharedRows = "shared_rows"
}

/// What is done when a rule fails, besides an incident that says so.
public enum HealthAction: String, Sendable, Hashable, Codable, CaseIterable {
  /// The rule is not looked at.
  case off
  /// An incident that asks nobody to act.
  case note
  /// Somebody should look within days.
  case ticket
  /// Somebody should look now.
  case page
  /// As `ticket`, and no version is promoted while it lasts; candidates of a window that failed are rejected.
  case freezePromotion = "freeze_promotion"

  /// Whether a version may not be promoted meanwhile.
  public var freezes: Bool { self == .freezePromotion }
}
