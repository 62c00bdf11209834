import Vocabulary

/// What no single key shows: names that clash, paths that cannot both exist, settings that contradict each other.
struct PipelineChecks {
  let pipeline: Pipeline
  let reader: PipelineReader
  /// nil: nobody asks whether the model fits.
  var room: MemoryRoom?

  func check() {
    checkSource()
    checkLabel()
    checkFeatures()
    checkCrosses()
    checkPaths()
    checkSharedPaths()
    checkLayers()
    checkOptimizers()
    checkGroup()
    checkLosses()
    checkLabelRanges()
    checkWeight()
    checkPairs()
    checkSize()
    checkRules()
    checkSlices()
    checkRetraining()
    checkAlerts()
    checkRecipe()
  }

  /// What of the model depends on the features.
  private func checkLayers() {
    guard reader.trusts("model"), reader.trusts("schema.features") else { return }
    let model = pipeline.model
    guard model.kind == .network, model.preset == nil else { return }
    let categories = pipeline.schema.categoryInputs
    let dimensions = Set(categories.map(\.dimension))
    for key in model.pairingKeys where categories.count < 2 || dimensions.count > 1 {
      let found =
        categories.count < 2
        ? "there \(categories.count == 1 ? "is one category" : "are none")"
        : "their dimensions are \(dimensions.sorted().map(String.init).joined(separator: ", "))"
      note(
        "model.\(key)", "interactions need two categories or more of one dimension, and \(found)",
        "give all categories the same dimension, or leave \(key) out")
    }
    guard model.residual else { return }
    let numbers = pipeline.schema.numericFeatures
    let inputs =
      pipeline.schema.embeddedWidth + numbers.count + numbers.count { $0.missingIndicator }
    if !zip([inputs] + model.hidden, model.hidden).contains(where: { $0 == $1 }) {
      note(
        "model.residual", "no hidden layer is as wide as what it reads (\(inputs) inputs, then \(model.hidden))",
        "give two layers that follow each other the same width, or leave residual out")
    }
  }

  func note(_ path: String, _ problem: String, _ remedy: String) {
    reader.note(at: reader.place(of: path), problem, remedy)
  }

  private func checkSource() {
    guard reader.trusts("source") else { return }
    let source = pipeline.source
    if source.deadLetterTopic == source.topic {
      note("source.dead_letter_topic", "the dead-letter topic is the topic itself", "name another topic")
    }
    if source.recordBytesMax > source.queueBytesMax {
      note(
        "source.record_bytes_max", "source.record_bytes_max is larger than source.queue_bytes_max",
        "one record must fit into the queue")
    }
  }

  private func checkLabel() {
    guard reader.trusts("schema.label"), reader.trusts("model.task") else { return }
    let classes = pipeline.schema.label.classes
    switch pipeline.model.task {
    case .multiclass where pipeline.schema.label.findsClasses: break
    case .binary where pipeline.schema.label.findsClasses, .regression where pipeline.schema.label.findsClasses:
      note(
        "schema.label.classes", "the task \(pipeline.model.task.rawValue) finds no classes",
        "write `task: multiclass`, or leave `classes: auto` out")
    case .multiclass where classes.count < 2:
      note(
        "schema.label", "the task multiclass needs at least two classes",
        "add `classes: [...]` to schema.label, or `classes: auto`")
    case .binary where !classes.isEmpty && classes.count != 2:
      note(
        "schema.label.classes", "the task binary has two classes, not \(classes.count)",
        "write the names of the two, [what counts 0, what counts 1], or `task: multiclass`")
    case .regression where !classes.isEmpty:
      note("schema.label.classes", "the task regression has no classes", "leave them out, or write `task: multiclass`")
    default: break
    }
    noteRepetitions(classes, "schema.label.classes", "the class")
  }

  private func checkFeatures() {
    noteRepetitions(pipeline.schema.features.map(\.name), "schema.features", "the feature name", key: ".name")
    for (index, feature) in pipeline.schema.features.enumerated() {
      let path = "schema.features[\(index)]"
      guard reader.trusts(path) else { continue }
      switch feature.missing {
      case .value(let value):
        check(feature, missing: value, path)
      case .reject where feature.missingIndicator:
        note(
          "\(path).missing_indicator", "`\(feature.name)` is never absent: its records are rejected", "leave one out")
      default: break
      }
      if feature.type == .timestamp, let clip = feature.clip,
        !Self.times.contains(clip.lowerBound) || !Self.times.contains(clip.upperBound)
      {
        note(
          "\(path).clip", "the range of `\(feature.name)` is in epoch seconds, and leads out of the years 1 to 9999",
          "write epoch seconds, whatever the unit of the records")
      }
      noteRepetitions(feature.values, "\(path).values", "the value")
      checkParts(feature, path)
      // Row 0 is for missing values; unknown ones need at least one row more.
      let rows = feature.values.count + (feature.unknown == .hash ? 2 : 1)
      if !feature.values.isEmpty, feature.buckets < rows {
        note(
          "\(path).buckets", "`\(feature.name)` has \(feature.values.count) values and \(feature.buckets) buckets",
          "write `buckets: \(rows)` or more")
      }
    }
  }

  private func checkParts(_ feature: FeatureSettings, _ path: String) {
    noteRepetitions(feature.parts.map(\.rawValue), "\(path).parts", "the part", isOwn: false)
    for (index, part) in feature.parts.enumerated() {
      guard let other = pipeline.schema.features.first(where: { $0.name == feature.name(of: part) }) else { continue }
      note(
        "\(path).parts[\(index)]", "the part would have the name of the feature `\(other.name)`", "rename one of them")
    }
  }

  /// Epoch seconds of the years 1 to 9999.
  private static let times: ClosedRange<Double> = -62_135_596_800...253_402_300_799

  private func check(_ feature: FeatureSettings, missing value: Double, _ path: String) {
    if !feature.type.isNumeric {
      note(
        "\(path).missing", "a missing \(feature.type.rawValue) cannot become a number", "write impute or reject")
    } else if let clip = feature.clip, !clip.contains(value) {
      note(
        "\(path).missing", "the value for a missing `\(feature.name)` lies outside its clip range", "choose one inside")
    } else if feature.type == .bool, value != 0, value != 1 {
      note("\(path).missing", "a missing bool can become 0 or 1 only", "write 0, 1, impute or reject")
    }
    if feature.missingIndicator {
      note(
        "\(path).missing_indicator", "`\(feature.name)` is never absent: it becomes a number first",
        "write `missing: impute`, or leave the indicator out")
    }
  }

  /// Every declared path against every other: the label and its time must not be features, and no path may lead through
  /// a value.
  private func checkPaths() {
    let schema = pipeline.schema
    guard reader.trusts("schema.label") else { return }
    var declared: [(path: String, key: String, role: String)] = []
    if let id = schema.id { declared.append((id, "schema.id", "the id")) }
    if let time = schema.eventTime { declared.append((time, "schema.event_time", "the event time")) }
    declared.append((schema.label.path, "schema.label.path", "the label"))
    if let time = schema.labelTime { declared.append((time, "schema.label_time", "the label time")) }
    if let weight = schema.weight { declared.append((weight, "schema.weight", "the weight")) }
    let labels = Dictionary(pipeline.model.heads.map { ($0.label.path, $0.name) }) { first, _ in first }
    if reader.trusts("model.heads") {
      for (index, head) in pipeline.model.heads.enumerated() {
        declared.append((head.label.path, "model.heads[\(index)].label", "the label of the head `\(head.name)`"))
      }
    }
    for (index, feature) in schema.features.enumerated() {
      guard feature.isRead, reader.trusts("schema.features[\(index)]") else { continue }
      let key = "schema.features[\(index)].path"
      declared.append(
        (feature.path, reader.gives(key) ? key : "schema.features[\(index)].name", "the feature `\(feature.name)`"))
      if feature.path == schema.label.path {
        note(key, "the feature `\(feature.name)` is the label", "a model must not see what it predicts; leave it out")
      } else if let head = labels[feature.path] {
        note(
          key, "the feature `\(feature.name)` is the label of the head `\(head)`",
          "a model must not see what it predicts; leave it out")
      } else if feature.path == schema.labelTime {
        note(
          key, "the feature `\(feature.name)` is the label time",
          "it is not known when a prediction is made; leave it out")
      }
    }
    let byPath = Dictionary(declared.map { ($0.path, $0.role) }) { first, _ in first }
    for (path, key, role) in declared {
      guard let fieldPath = FieldPath(path) else {
        note(
          key, "`\(shortened(path))` is no path, and \(role) is read there",
          "give it a `path:` of keys with dots between")
        continue
      }
      for parent in fieldPath.parents {
        guard let other = byPath[parent.description] else { continue }
        note(
          key, "\(role) lies inside \(other) (`\(parent)`)",
          "one value cannot be an object and a plain value; change a path")
      }
    }
    if schema.labelTime == schema.label.path {
      note("schema.label_time", "the label time is the label", "give each its own path")
    }
    if schema.weight == schema.label.path {
      note("schema.weight", "the weight is the label", "give each its own path")
    } else if let weight = schema.weight, let head = labels[weight] {
      note("schema.weight", "the weight is the label of the head `\(head)`", "give each its own path")
    }
    if schema.eventTime == schema.label.path {
      note("schema.event_time", "the event time is the label", "give each its own path")
    }
  }

  /// - Parameter isOwn: The names are given here, so they may be others; false: they are those of something else.
  func noteRepetitions(
    _ names: [String], _ path: String, _ what: String, key: String = "", isOwn: Bool = true
  ) {
    var seen: [String: Int] = [:]
    for (index, name) in names.enumerated() {
      if name.isEmpty { continue }
      if seen[name] != nil {
        let remedy = isOwn ? "keep one of them, or rename it" : "keep one of them"
        note("\(path)[\(index)]\(key)", "\(what) `\(shortened(name))` occurs twice", remedy)
      }
      seen[name] = index
    }
  }
}
