/// What has changed between the contract that weights were learned under and the one they are to go on under.
struct ContractComparison {
  let old, new: DataContract
  private(set) var edits: [SettingEdit] = []

  init(from old: DataContract, to new: DataContract) {
    self.old = old
    self.new = new
    guard old != new else { return }
    compareSchema()
    compareModel()
    compareOptimizers()
  }

  private mutating func add(
    _ verdict: EditVerdict, _ setting: String, _ old: String?, _ new: String?, oldPath: String? = nil,
    newPath: String? = nil
  ) {
    edits.append(
      SettingEdit(
        effect: verdict.effect, setting: setting, old: old.map(shortened), new: new.map(shortened),
        meaning: verdict.meaning, oldPath: oldPath ?? setting, newPath: newPath ?? setting))
  }

  /// Every key of a section whose value is another, by its rule.
  private mutating func compare<Owner>(
    _ old: Owner, _ new: Owner, _ section: Section<Owner>, _ rules: EditRules<Owner>, but skipped: Set<String> = [],
    at name: String, oldPath: String, newPath: String
  ) {
    for key in section.keys where !skipped.contains(key.name) {
      let (before, after) = (key.text(old), key.text(new))
      guard before != after, var verdict = rules.verdict(key.name, old, new) else { continue }
      if verdict.effect == .extends, addsInputsByPlace, ["parts", "missing_indicator"].contains(key.name) {
        verdict = widensResidual
      }
      add(
        verdict, "\(name).\(key.name)", before, after, oldPath: "\(oldPath).\(key.name)",
        newPath: "\(newPath).\(key.name)")
    }
  }

  // MARK: Schema

  private mutating func compareSchema() {
    for key in FeatureSchema.section.keys where ["id", "event_time", "label_time"].contains(key.name) {
      let (before, after) = (key.text(old.schema), key.text(new.schema))
      guard before != after else { continue }
      add(.harmless("the model does not read it"), "schema.\(key.name)", before, after)
    }
    if old.schema.weight != new.schema.weight {
      add(.harmless(Self.meaning(ofWeight: new.schema.weight)), "schema.weight", old.schema.weight, new.schema.weight)
    }
    compare(
      old.schema.label, new.schema.label, LabelSettings.section, .label, at: "schema.label", oldPath: "schema.label",
      newPath: "schema.label")
    compareFoundClasses()
    if old.schema.timeUnit != new.schema.timeUnit {
      add(
        .harmless("it is of event and label times; features that it is for too are listed"), "schema.time_unit",
        old.schema.timeUnit.rawValue, new.schema.timeUnit.rawValue)
    }
    if old.schema.coerce != new.schema.coerce {
      add(
        .harmless("it decides which labels and times are taken; features that it is for too are listed"),
        "schema.coerce", "\(old.schema.coerce)", "\(new.schema.coerce)")
    }
    compareFeatures()
  }

  /// Classes that were found stand in no file: two models may have found them in another order.
  private mutating func compareFoundClasses() {
    let (was, now) = (old.schema.label, new.schema.label)
    guard was.findsClasses, now.findsClasses, let verdict = EditRules<LabelSettings>.classes(was, now) else { return }
    add(
      verdict, "schema.label.classes", PlainValue.list(was.classes.map { .text($0) }).flowYAML,
      PlainValue.list(now.classes.map { .text($0) }).flowYAML)
  }

  private static func meaning(ofWeight path: String?) -> String {
    let kept = "what was learned stays as it is"
    return path.map { "records count as much as `\($0)` says from now on; \(kept)" }
      ?? "every record counts 1 from now on; \(kept)"
  }

  private mutating func compareFeatures() {
    let places = Dictionary(
      old.schema.features.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
    for (place, feature) in new.schema.features.enumerated() {
      let path = "schema.features[\(place)]"
      guard let before = places[feature.name] else {
        add(
          added(feature), "schema.features[\(feature.name)]", nil, feature.line, oldPath: "schema.features",
          newPath: path)
        continue
      }
      let was = old.schema.inForce(old.schema.features[before])
      let now = new.schema.inForce(feature)
      // What a key means depends on the type: where that is another, nothing else is worth telling.
      let section = FeatureSettings.section
      compare(
        was, now, section, .features,
        but: was.type == now.type ? [] : Set(section.keys.map(\.name)).subtracting(["type", "path"]),
        at: "schema.features[\(feature.name)]", oldPath: "schema.features[\(before)]", newPath: path)
    }
    let names = Set(new.schema.features.map(\.name))
    for (place, feature) in old.schema.features.enumerated() where !names.contains(feature.name) {
      let heir = new.schema.features.first {
        $0.isRead && feature.isRead && $0.path == feature.path && places[$0.name] == nil
      }
      add(
        .changes(
          "its weights would be without their input"
            + (heir.map { "; `\($0.name)` reads the same path: a feature is known by its name" } ?? "")),
        "schema.features[\(feature.name)]", feature.line, nil, oldPath: "schema.features[\(place)]",
        newPath: "schema.features")
    }
    compareOrder(places)
  }

  private var widensResidual: EditVerdict {
    .changes("hidden_1 adds its inputs to its outputs, and would not be as wide as before")
  }

  private func added(_ feature: FeatureSettings) -> EditVerdict {
    if addsInputsByPlace {
      return widensResidual
    }
    switch feature.type {
    case .map, .text: return .extends("its rows begin afresh, with weight 0")
    case .category, .cross:
      return .extends(
        !new.model.pairingKeys.isEmpty
          ? "its rows begin afresh, and its interactions with them" : "its rows begin afresh, with weight 0")
    default: return .extends("it begins with weight 0")
    }
  }

  /// Whether the first layer is residual: then its inputs have a meaning by their place.
  private var addsInputsByPlace: Bool {
    old.model.residual && old.model.kind == .network && old.model.hidden.first == old.inputWidth
  }

  private mutating func compareOrder(_ places: [String: Int]) {
    let common = new.schema.features.filter { places[$0.name] != nil }.map(\.name)
    let kept = Set(common)
    let before = old.schema.features.map(\.name).filter { kept.contains($0) }
    guard before != common else { return }
    let categories = Set(old.schema.features.filter { !$0.categoryInputs.isEmpty }.map(\.name))
    let verdict: EditVerdict =
      if addsInputsByPlace {
        .changes("hidden_1 adds its inputs to its outputs by their place")
      } else if old.model.ordersCategories,
        before.filter({ categories.contains($0) }) != common.filter({ categories.contains($0) })
      {
        .changes("the first of two categories is weighed otherwise than the second by the interactions")
      } else {
        .harmless("weights follow the names, whatever the order")
      }
    add(verdict, "schema.features", FeatureSettings.list(before), FeatureSettings.list(common))
  }

  // MARK: Model

  private mutating func compareModel() {
    compare(
      old.model, new.model, ModelSettings.section, .model, but: ["heads"], at: "model", oldPath: "model",
      newPath: "model")
    for (place, head) in new.model.heads.enumerated() {
      let path = "model.heads[\(place)]"
      guard let before = old.model.heads.firstIndex(where: { $0.name == head.name }) else {
        add(
          .extends("its own weights begin afresh"), "model.heads[\(head.name)]", nil, "label \(head.label.path)",
          oldPath: "model.heads", newPath: path)
        continue
      }
      compare(
        old.model.heads[before], head, HeadSettings.section, .heads, at: "model.heads[\(head.name)]",
        oldPath: "model.heads[\(before)]", newPath: path)
    }
    for (place, head) in old.model.heads.enumerated() where !new.model.heads.contains(where: { $0.name == head.name }) {
      add(
        .changes("what it answers would be gone"), "model.heads[\(head.name)]", "label \(head.label.path)", nil,
        oldPath: "model.heads[\(place)]", newPath: "model.heads")
    }
  }

  private mutating func compareOptimizers() {
    let (before, after) = (old.optimizers, new.optimizers)
    let afresh = "every weight stays, and what the optimiser remembers begins afresh"
    func compare(_ name: String, _ old: TrainingSettings.OptimizerKind?, _ new: TrainingSettings.OptimizerKind?) {
      guard old != new else { return }
      add(
        .extends(afresh), "training.\(name)\(old == nil || new == nil ? "" : ".kind")", old?.rawValue, new?.rawValue)
    }
    compare("optimizer", before.dense, after.dense)
    compare("embedding_optimizer", before.embeddings, after.embeddings)
    compare("wide_optimizer", before.wide, after.wide)
  }
}

extension DataContract {
  /// Settings of features, labels, model and heads of which nobody has said yet what their edit means.
  package static var settingsWithoutRule: [String] {
    func missing<Owner>(_ section: Section<Owner>, _ rules: EditRules<Owner>, but: Set<String> = []) -> [String] {
      section.keys.map(\.name).filter { rules.rules[$0] == nil && !but.contains($0) }
    }
    return missing(FeatureSettings.section, .features) + missing(LabelSettings.section, .label)
      + missing(ModelSettings.section, .model, but: ["heads"]) + missing(HeadSettings.section, .heads)
  }

  /// What has to be known before weights of this contract go on under `new`: every difference, in the order of the file.
  public func edits(to new: DataContract) -> [SettingEdit] { ContractComparison(from: self, to: new).edits }

  /// Columns of the network's input.
  var inputWidth: Int {
    schema.embeddedWidth + schema.numericFeatures.count
      + schema.numericFeatures.count { $0.missingIndicator }
  }
}

extension FeatureSchema {
  /// A feature with what the schema decides for it.
  fileprivate func inForce(_ feature: FeatureSettings) -> FeatureSettings {
    guard feature.isRead else { return feature }
    var feature = feature
    feature.coerce = feature.coerce ?? coerce
    if feature.type == .timestamp { feature.unit = feature.unit ?? timeUnit }
    return feature
  }
}

extension FeatureSettings {
  /// For reports.
  fileprivate var line: String {
    isRead ? "\(type.rawValue) at \(path)" : "\(type.rawValue) of \(of.joined(separator: ", "))"
  }

  /// Names, as many as a line bears.
  fileprivate static func list(_ names: [String]) -> String {
    let shown = names.prefix(8).joined(separator: ", ")
    return "[\(shown)\(names.count > 8 ? ", … \(names.count - 8) more" : "")]"
  }
}

extension Key {
  /// The value as the file would spell it, in one line; nil: it is not given.
  func text(_ owner: Owner) -> String? { write(owner)?.flowYAML }
}
