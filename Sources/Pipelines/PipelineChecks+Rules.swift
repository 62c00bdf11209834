import Vocabulary

extension Pipeline {
  /// The layers that health, incidents and rules name.
  package var layerNames: [String] {
    if model.preset != nil { return model.recipeLayers }
    let isNetwork = model.kind == .network
    let hidden = isNetwork ? model.hidden.indices.map { "hidden_\($0 + 1)" } : []
    let cross = isNetwork && model.crossLayers > 0 ? (1...model.crossLayers).map { "cross_\($0)" } : []
    let suffixes = [""] + heads.map { "." + $0.name }
    return hidden + cross + (model.pairingKeys.isEmpty ? [] : ["interactions"] + model.pairingKeys)
      + suffixes.flatMap { ["output" + $0, "wide" + $0] }
  }
}

extension HealthRule {
  /// What it looks at.
  fileprivate enum Subject { case layer, feature, stream }

  fileprivate var subject: Subject {
    switch self {
    case .nonFinite, .deadUnits, .saturated, .allZero, .zeroShare, .tailMass, .explodingGradient, .vanishingGradient,
      .updateRatio, .unchangedWeights, .gradientShift, .updateShift, .poorInitialization, .drift, .hotSpot:
      .layer
    case .missingFeature, .featureGone, .unknownValues, .clippedValues, .wildValues, .sharedRows, .normalizerStalled,
      .featureDrift,
      .featureConstant, .unitChange:
      .feature
    case .lossDrift, .conceptDrift, .lossSpike, .diverging, .lossNotDecreasing, .lossTooGood, .lossApart, .calibration,
      .repeatedRecords, .labelDrift,
      .predictionDrift, .labelDelay, .stalledStream, .overfitting:
      .stream
    }
  }
}

extension PipelineChecks {
  /// A rule that says nothing, one of what there is not, and one that lets bad numbers pass are mistakes.
  func checkRules() {
    guard reader.trusts("health") else { return }
    for (place, setting) in pipeline.health.rules.enumerated() {
      let path = "health.rules.\(place)"
      if setting.threshold == nil, setting.action == nil {
        note(
          path, "it says nothing of \(setting.rule.rawValue)", "give it a threshold, an action or both, or leave it out"
        )
      }
      if let name = setting.of { checkSubject(name, of: setting.rule, path + ".of") }
      if setting.action == .skipStep, !setting.rule.isOfSteps {
        note(
          path + ".action",
          "\(setting.rule.rawValue) is seen in windows of many steps, not in one that could be skipped",
          "loss_spike and exploding_gradient can skip steps; write another action")
      }
      if setting.action == .skipStep, setting.of != nil {
        note(path + ".of", "a step is skipped as a whole", "leave `of` out")
      }
      if setting.action == .rollBack, setting.rule != .nonFinite, !setting.rule.isOfVersions {
        let others = HealthRule.allCases.filter(\.isOfVersions).map(\.rawValue).joined(separator: ", ")
        note(
          path + ".action",
          "\(setting.rule.rawValue) is about what is learned, and says nothing of the version that serves",
          "write freeze_promotion or rewind; a version can show \(others)")
      }
      if let action = setting.action, action == .swapActivation || action == .resetBias {
        if !setting.rule.isMended(by: action) {
          let rules = HealthRule.allCases.filter { $0.isMended(by: action) }.map(\.rawValue).joined(separator: ", ")
          note(
            path + ".action", "\(action.rawValue) mends nothing of what \(setting.rule.rawValue) shows",
            "write another action; it is for \(rules)")
        } else if reader.trusts("model"), !pipeline.model.hasOwnHiddenLayers {
          note(path + ".action", "the model has no hidden layers of its own", "write another action")
        } else if reader.trusts("model"), action == .swapActivation, pipeline.model.remedialActivation == nil {
          note(
            path + ".action", "no activation is known that \(pipeline.model.activation) would be swapped for",
            "write another action")
        }
      }
      if let threshold = setting.threshold { checkThreshold(threshold, of: setting.rule, path + ".threshold") }
      if setting.rule == .stalledStream, setting.action == .lowerRate || setting.action == .rewind {
        note(path + ".action", "while no record comes nothing is learned at any rate", "write another action")
      }
      guard setting.rule == .nonFinite else { continue }
      if setting.threshold.map({ $0 != 0 }) ?? false
        || setting.action.map({ ![.freezePromotion, .page, .rollBack, .rewind, .retrain].contains($0) }) ?? false
      {
        note(
          path, "NaN and infinity are never let pass: versions that give them are rejected",
          "leave it out, or write action: page")
      }
    }
  }

  private func checkThreshold(_ threshold: Double, of rule: HealthRule, _ path: String) {
    let range = rule.thresholds
    guard rule != .nonFinite, !range.contains(threshold) else { return }
    let isAbove = threshold > range.upperBound
    let always = rule.failsBelow == isAbove
    let bound = isAbove ? "more than \(range.upperBound)" : "less than \(range.lowerBound)"
    note(
      path,
      "what \(rule.rawValue) observes is never \(bound.replacing(".0", with: "")): it would "
        + (always ? "always fail" : "never fail"),
      always ? "write another threshold" : "write another threshold, or action: off")
  }

  private func checkSubject(_ name: String, of rule: HealthRule, _ path: String) {
    let (what, names): (String, [String])
    switch rule.subject {
    case .stream: return note(path, "\(rule.rawValue) is about the stream as a whole", "leave `of` out")
    case .layer: (what, names) = ("layer", reader.trusts("model") ? pipeline.layerNames : [name])
    case .feature:
      (what, names) = ("feature", reader.trusts("schema.features") ? pipeline.schema.features.map(\.name) : [name])
    }
    guard !names.contains(name) else { return }
    let meant = nearest(to: name, among: names).map { "did you mean `\($0)`?" }
    note(path, "there is no \(what) `\(name)`", meant ?? "write one of \(names.prefix(12).joined(separator: ", "))")
  }
}
