/// A model that brings its settings itself: what it reads, and what would mean nothing beside it.
extension PipelineChecks {
  func checkRecipe() {
    guard pipeline.model.preset != nil, reader.trusts("model"), reader.trusts("schema") else { return }
    for key in TrainingSettings.optimizerKeys where reader.gives("training.\(key.name)") {
      note(
        "training.\(key.name)", "`\(key.name)` means nothing for a model that brings its optimisers itself",
        "leave it out, or describe the network in `model`")
    }
    let label = pipeline.schema.label
    let classes = label.findsClasses ? label.classesMax : label.classes.count
    if classes > ModelSettings.recipeClassesMax {
      note(
        label.findsClasses ? "schema.label.classes_max" : "schema.label.classes",
        "`model: auto` knows \(ModelSettings.recipeClassesMax) classes at most, not \(classes)",
        "leave rare ones out, or describe a network in `model`")
    }
    for (index, feature) in pipeline.schema.features.enumerated() where feature.isSparse {
      note(
        "schema.features[\(index)].type",
        "`model: auto` reads no \(feature.type.rawValue), and `\(feature.name)` is one",
        "leave it out, or describe a network in `model`")
    }
  }
}

extension ModelSettings {
  /// Classes of a model that brings its settings itself.
  static let recipeClassesMax = 64

  /// The layers of a model that brings its settings itself, by the names that reports have.
  var recipeLayers: [String] {
    let members = preset == .best ? ["plain", "deep", "replayed"] : ["deep"]
    return members.flatMap { ["\($0).first", "\($0).second"] } + ["output"]
  }
}

extension LabelSettings {
  /// What such labels are predicted as where nobody says.
  var impliedTask: ModelSettings.Task {
    if findsClasses || classes.count > 2 { return .multiclass }
    return clip != nil && classes.isEmpty ? .regression : .binary
  }
}
