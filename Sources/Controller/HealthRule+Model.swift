import Vocabulary

extension HealthRule {
  /// Whether it is of what is learned, not of the records: another model of the same stream need not have it.
  var isOfModel: Bool {
    switch self {
    case .nonFinite, .deadUnits, .saturated, .allZero, .zeroShare, .tailMass, .explodingGradient, .vanishingGradient,
      .updateRatio, .unchangedWeights, .gradientShift, .updateShift, .poorInitialization, .lossSpike, .diverging,
      .lossNotDecreasing, .lossApart, .calibration, .normalizerStalled, .overfitting:
      true
    default: false
    }
  }
}
