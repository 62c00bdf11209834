import Vocabulary

extension FeatureSettings {
  /// Whether records can be told apart by its values: it has one, of few that occur again.
  fileprivate var canSlice: Bool {
    switch type {
    case .category: valuesMax == 1
    case .float, .bool: true
    case .timestamp, .map, .text, .cross: false
    }
  }
}

extension PipelineChecks {
  /// Slices are of features whose values occur again.
  func checkSlices() {
    guard reader.trusts("rollout"), reader.trusts("schema.features") else { return }
    let names = pipeline.schema.features.filter(\.canSlice).map(\.name)
    for (place, name) in pipeline.rollout.slices.enumerated() where !names.contains(name) {
      let path = "rollout.slices[\(place)]"
      guard let feature = pipeline.schema.features.first(where: { $0.name == name }) else {
        let meant = nearest(to: name, among: names).map { "did you mean `\($0)`?" }
        note(
          path, "there is no feature `\(shortened(name))`",
          meant ?? "write names of features: categories, truths, numbers of few values")
        continue
      }
      let what = feature.type == .category ? "list, which has several values" : "\(feature.type.rawValue)"
      note(
        path, "`\(name)` is a \(what), and has no slices", "write a category, a truth or a number of few values")
    }
    noteRepetitions(pipeline.rollout.slices, "rollout.slices", "the feature", isOwn: false)
  }
}
