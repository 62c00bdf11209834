extension EditRules where Owner == ModelSettings {
  private static let shape: Rule = { _, _ in .changes("weights of one shape are none of another") }
  private static let learning: Rule = { _, _ in .harmless("it decides how the model learns from now on") }

  static let model = EditRules(
    rules: EditRules.heads([
      "preset": { old, new in
        old.preset != nil && new.preset != nil
          ? .extends("members that both presets have go on, the others begin afresh")
          : .changes("weights of one kind of model are none of another")
      },
      "kind": shape, "hidden": shape, "normalization": shape,
      "activation": { _, _ in .changes("the weights were learned for another function behind them") },
      "residual": { _, _ in .changes("the layers behind have learned from sums that were made otherwise") },
      "cross_layers": shape, "cross_rank": shape, "factorization": shape, "bilinear": shape, "wide": shape,
      "activation_clip": { _, _ in .changes("the layers behind have learned from outputs that were clipped otherwise")
      },
      "input_clip": { _, _ in
        .harmless("inputs between the old and the new bound are other numbers from now on, all others the same")
      },
      "initialization": { _, _ in .harmless("it decides how new weights begin") },
      "seed": { _, _ in .harmless("it decides how new weights begin") },
      "dropout": learning, "activation_l1": learning, "activation_l2": learning,
    ]))
}

extension EditRules where Owner == HeadSettings {
  static let heads = EditRules(
    rules: EditRules.heads([
      "name": { _, _ in .changes("weights are known by their head's name") },
      "label": { _, _ in .changes("its weights were learned for another label") },
      "classes": { old, new in EditRules<LabelSettings>.classes(old.label, new.label) },
      "clip": { _, _ in EditRules<LabelSettings>.clip },
      "out_of_range": { _, _ in EditRules<LabelSettings>.outOfRange },
      "weight": { _, _ in .harmless("it decides how the model learns from now on") },
    ]))
}

extension EditRules where Owner: LossOwner {
  /// With the rules of the keys that model and further heads share.
  fileprivate static func heads(_ others: [String: Rule]) -> [String: Rule] {
    others.merging([
      "task": { _, _ in .changes("weights for one kind of prediction are none for another") },
      "loss": { old, new in
        let (before, after) = (old.effectiveLoss, new.effectiveLoss)
        if before == after { return nil }
        return before.kind == after.kind && before.level == after.level
          ? .harmless("it decides how the model learns from now on")
          : .changes("the output would estimate something else than it has learned to")
      },
      "label_smoothing": { _, _ in .harmless("probabilities follow it as they are learned") },
      "class_weights": { _, _ in .harmless("probabilities follow it as they are learned") },
      "temperature": { old, new in
        old.temperature == .learned || new.temperature == .learned
          ? .changes("a learned temperature is a weight of the model")
          : .harmless("later versions answer softer or sharper")
      },
    ]) { own, _ in own }
  }
}

extension EditRules where Owner == LabelSettings {
  static let label = EditRules(rules: [
    "path": { _, _ in .changes("the weights were learned for another label") },
    "classes": classes,
    "classes_max": { old, new in
      guard old.findsClasses, new.findsClasses else { return nil }
      return new.classesMax > old.classesMax
        ? .extends("outputs for more classes begin afresh") : fewer(old.classes.count, new.classesMax)
    },
    "clip": { _, _ in clip },
    "out_of_range": { _, _ in outOfRange },
  ])

  /// Names, as many as a line bears.
  private static func shown(_ names: [String]) -> String {
    names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "")
  }

  private static func fewer(_ found: Int, _ most: Int) -> EditVerdict {
    found <= most
      ? .extends("every class that was found keeps its output")
      : .changes("\(found) classes have been found and learned")
  }

  static let clip = EditVerdict.harmless(
    "labels between the old and the new bounds are other numbers from now on, all others the same")
  static let outOfRange = EditVerdict.harmless("it decides which records are taken, not what the weights mean")

  static let classes: Rule = { old, new in
    if old.findsClasses != new.findsClasses {
      if new.findsClasses {
        guard !old.classes.isEmpty else {
          return .changes("labels of 0 and 1 and labels by name are not known to be the same")
        }
        return old.classes.count <= new.classesMax
          ? .extends("each listed class keeps its output, and others are found from now on")
          : .changes("the model has learned \(old.classes.count) classes, more than classes_max")
      }
      return new.classes.starts(with: old.classes)
        ? .extends("each class that was found keeps its output, and no other is found any more")
        : .changes("the model has found \(shown(old.classes)), in this order")
    }
    if old.findsClasses {
      return new.classes.starts(with: old.classes) || old.classes.starts(with: new.classes)
        ? nil : .changes("the outputs were learned for other classes")
    }
    if old.classes.sorted() == new.classes.sorted() {
      return .changes("the outputs would answer with each other's names")
    }
    // Without names the records say 0 and 1.
    let plain = ["0", "1"]
    if Set([old.classes, new.classes]) == [[], plain] { return .harmless("the same labels, now by their names") }
    if new.classes.starts(with: old.classes) || old.classes.starts(with: new.classes) {
      return .changes(
        old.classes.isEmpty || new.classes.isEmpty
          ? "labels of 0 and 1 and labels by name are not known to be the same"
          : "each class has an output of its own, and the model has learned \(old.classes.count) of them")
    }
    return .changes("the outputs were learned for other classes")
  }
}
