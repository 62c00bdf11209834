extension HealthRule {
  /// Between which values lies what it observes, or could: a threshold beyond is one that fails always or never.
  public var thresholds: ClosedRange<Double> {
    switch self {
    case .nonFinite: 0...0
    // Shares.
    case .deadUnits, .saturated, .allZero, .zeroShare, .tailMass, .hotSpot, .calibration, .missingFeature, .featureGone,
      .unknownValues, .clippedValues, .wildValues, .sharedRows, .normalizerStalled, .featureConstant, .repeatedRecords,
      .overfitting:
      0...1
    // Times of what it was, or one divided by it.
    case .gradientShift, .updateShift, .unitChange, .lossTooGood, .labelDelay, .poorInitialization: 1...Self.most
    // Sizes, distances and how far something has risen.
    case .explodingGradient, .vanishingGradient, .updateRatio, .unchangedWeights, .drift, .lossDrift, .conceptDrift,
      .lossSpike, .diverging, .lossNotDecreasing, .lossApart, .featureDrift, .labelDrift, .predictionDrift,
      .stalledStream:
      0...Self.most
    }
  }

  private static let most = 1e30

  /// Whether it fails below its threshold rather than above.
  public var failsBelow: Bool {
    switch self {
    case .vanishingGradient, .unchangedWeights, .normalizerStalled, .repeatedRecords: true
    default: false
    }
  }
}
