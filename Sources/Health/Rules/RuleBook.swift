public import Vocabulary

/// All rules: here a new one is entered, after its name in `HealthRule`.
public enum RuleBook {
  public static let all: [any Rule] = [
    NonFiniteRule(), DeadUnitsRule(), SaturatedRule(), AllZeroRule(), ZeroShareRule(), TailMassRule(),
    ExplodingGradientRule(), VanishingGradientRule(), UpdateRatioRule(), UnchangedWeightsRule(),
    GradientShiftRule(), UpdateShiftRule(), PoorInitializationRule(), DriftRule(), LossDriftRule(), ConceptDriftRule(),
    LossSpikeRule(), DivergingRule(),
    LossNotDecreasingRule(),
    LossTooGoodRule(), LossApartRule(), CalibrationRule(), MissingFeatureRule(), FeatureGoneRule(), UnknownValuesRule(),
    ClippedValuesRule(),
    WildValuesRule(), SharedRowsRule(), NormalizerStalledRule(), FeatureDriftRule(), FeatureConstantRule(),
    UnitChangeRule(), RepeatedRecordsRule(), LabelDriftRule(),
    PredictionDriftRule(), HotSpotRule(), LabelDelayRule(), StalledStreamRule(), OverfittingRule(),
  ]

  public static func rule(_ name: HealthRule) -> any Rule {
    guard let rule = all.first(where: { $0.name == name }) else { preconditionFailure("no rule \(name.rawValue)") }
    return rule
  }
}

/// Holds a window against every rule that is not off.
///
/// - Returns: By rule in the order of the book, then as each rule lists its layers or features.
public func examine(_ window: HealthWindow, policy: HealthPolicy = HealthPolicy()) -> [HealthFinding] {
  RuleBook.all.flatMap { examine(window, $0, policy) }
}

/// Holds a window against one rule, if it is not off.
public func examine(_ window: HealthWindow, rule: HealthRule, policy: HealthPolicy = HealthPolicy()) -> [HealthFinding]
{
  examine(window, RuleBook.rule(rule), policy)
}

private func examine(_ window: HealthWindow, _ rule: any Rule, _ policy: HealthPolicy) -> [HealthFinding] {
  rule.examine(window, policy.limits) { policy.threshold(of: rule, for: $0) }.compactMap { finding in
    var finding = finding
    let action = policy.action(of: rule.name, for: finding.feature ?? finding.layer)
    finding.action = action
    return action == .off ? nil : finding
  }
}
