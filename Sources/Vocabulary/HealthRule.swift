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
  case gradientShift = "gradient_shift"
  case updateShift = "update_shift"
  case poorInitialization = "poor_initialization"
  case drift
  case lossDrift = "loss_drift"
  case conceptDrift = "concept_drift"
  case lossSpike = "loss_spike"
  case diverging
  case lossNotDecreasing = "loss_not_decreasing"
  case lossTooGood = "loss_too_good"
  case lossApart = "loss_apart"
  case calibration
  case missingFeature = "missing_feature"
  case featureGone = "feature_gone"
  case unknownValues = "unknown_values"
  case clippedValues = "clipped_values"
  case wildValues = "wild_values"
  case sharedRows = "shared_rows"
  case normalizerStalled = "normalizer_stalled"
  case featureDrift = "feature_drift"
  case featureConstant = "feature_constant"
  case unitChange = "unit_change"
  case repeatedRecords = "repeated_records"
  case labelDrift = "label_drift"
  case predictionDrift = "prediction_drift"
  case hotSpot = "hot_spot"
  case labelDelay = "label_delay"
  case stalledStream = "stalled_stream"
  case overfitting
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

  /// As `ticket`, and a step that shows it is not learned: its records are rejected and kept as dead letters.
  case skipStep = "skip_step"
  /// As `ticket`, and the learning rate is halved with each window that fails, down to a sixteenth, until it is over.
  case lowerRate = "lower_rate"
  /// As `freeze_promotion`, and a version whose own frozen weights show it makes room for the one before it, where it serves.
  case rollBack = "roll_back"
  /// As `freeze_promotion`, and training goes back to before the first window that failed, leaving out what did it.
  case rewind
  /// As `ticket`, and the stream is learned once more in a run beside, once.
  case retrain
  /// As `retrain`, with another activation in the hidden layers.
  case swapActivation = "swap_activation"
  /// As `retrain`, from the newest checkpoint, with the biases of the layer's dead units set back to 0.
  case resetBias = "reset_bias"

  /// Whether the stream is learned once more for it, in a run beside.
  public var retrains: Bool { self == .retrain || self == .swapActivation || self == .resetBias }

  /// Whether a version may not be promoted meanwhile.
  public var freezes: Bool { self == .freezePromotion || self == .rollBack || self == .rewind }
}

extension HealthRule {
  /// Whether one step can show it.
  public var isOfSteps: Bool { self == .lossSpike || self == .explodingGradient }

  /// Whether another activation may mend it, or biases that are set back: it is about what a layer's units answer.
  public func isMended(by action: HealthAction) -> Bool {
    switch (self, action) {
    case (.deadUnits, _), (.allZero, _), (.zeroShare, _): true
    case (.saturated, .swapActivation), (.tailMass, .swapActivation), (.vanishingGradient, .swapActivation): true
    default: false
    }
  }

  /// Whether a version's own frozen weights can show it, whatever is learned meanwhile.
  public var isOfVersions: Bool {
    switch self {
    case .lossDrift, .lossSpike, .diverging, .predictionDrift, .conceptDrift: true
    default: false
    }
  }
}
