extension IncidentKind {
  /// What to do about an incident, in `deploy/runbooks`, by a name that is the alert's where there is such a one.
  ///
  /// - Parameters:
  ///   - kind: Of the incident.
  ///   - isLasting: It goes on until it is over, rather than having happened in a moment.
  public static func runbook(_ kind: String, isLasting: Bool) -> String {
    // A record that made numbers non-finite goes by the rule's name, and is over as soon as it was taken out.
    if let rule = HealthRule(rawValue: kind), isLasting || rule != .nonFinite { return runbook(rule) }
    switch kind {
    case "non_finite", "skipped_step": return "RetrainRecordsQuarantined"
    case "records_lost": return "RetrainLagGrows"
    case "dead_letters_lost": return "RetrainDeadLettersLost"
    case "not_compared": return "RetrainNoStableVersion"
    case "slo_page", "slo_ticket", "split_mismatch": return "RetrainAnswersFail"
    case "halted": return "RetrainHalted"
    case "rate_lowered": return "RetrainLossDiverging"
    case "replica_diverged", "state_not_restored": return "RetrainStateDiverged"
    case "worker_waits": return "RetrainWorkersGone"
    case _ where kind.hasPrefix("database_"): return "RetrainCheckpointOld"
    case _ where kind.hasPrefix("broker") || kind == "topic_missing": return "RetrainNothingLearned"
    default: return "RetrainIncidentOpen"
    }
  }

  private static func runbook(_ rule: HealthRule) -> String {
    switch rule {
    case .nonFinite: "RetrainNonFiniteValues"
    case .deadUnits, .allZero, .zeroShare, .saturated, .vanishingGradient, .tailMass: "RetrainDeadUnits"
    case .explodingGradient, .gradientShift, .updateShift, .lossSpike, .diverging, .lossNotDecreasing, .lossApart,
      .overfitting:
      "RetrainLossDiverging"
    case .calibration: "RetrainCalibrationOff"
    case .stalledStream: "RetrainNothingLearned"
    case .missingFeature, .featureGone, .unknownValues, .clippedValues, .wildValues, .normalizerStalled,
      .featureDrift, .featureConstant, .unitChange, .labelDrift, .predictionDrift, .conceptDrift, .lossDrift,
      .labelDelay:
      "RetrainFeatureDrift"
    case .updateRatio, .unchangedWeights, .poorInitialization, .drift, .lossTooGood, .sharedRows, .repeatedRecords,
      .hotSpot:
      "RetrainIncidentOpen"
    }
  }
}
