import Vocabulary

extension PipelineChecks {
  /// Whether every cross is of two things or more that have a value each.
  func checkCrosses() {
    let schema = pipeline.schema
    guard schema.features.contains(where: { $0.type == .cross }), reader.trusts("schema.features") else { return }
    let members = schema.crossMembers
    for (index, feature) in schema.features.enumerated() where feature.type == .cross {
      let path = "schema.features[\(index)]"
      if feature.of.isEmpty {
        note(
          path, "the cross `\(feature.name)` is of nothing", "add `of: [...]` with the names of two to four features")
      }
      for (place, name) in feature.of.enumerated() where members[name] == nil {
        let (problem, remedy) = stranger(name, among: members.keys.sorted())
        note("\(path).of[\(place)]", "the cross `\(feature.name)` is of `\(shortened(name))`, \(problem)", remedy)
      }
      noteRepetitions(feature.of, "\(path).of", "the feature", isOwn: false)
    }
  }

  private func stranger(_ name: String, among members: [String]) -> (problem: String, remedy: String) {
    guard let feature = pipeline.schema.features.first(where: { $0.name == name }) else {
      let wanted = pipeline.schema.features.first { $0.path == name && members.contains($0.name) }?.name
      let meant = (wanted ?? nearest(to: name, among: members)).map { "did you mean `\($0)`?" }
      return ("which is no feature", meant ?? "write names of features: categories, numbers, truths, parts of times")
    }
    switch feature.type {
    case .cross: return ("which is a cross itself", "write what that one is of, up to four features together")
    case .timestamp:
      let part = members.first { $0.hasPrefix(name + ".") } ?? "\(name).hour"
      return (
        "a time, which is hardly ever the same twice",
        "write a part of it, such as `\(part)`\(feature.parts.isEmpty ? ", and give the time `parts: [hour]`" : "")"
      )
    case .category: return ("a list, which has several values", "write features that have one value each")
    default: return ("a \(feature.type.rawValue), which has many values", "write features that have one value each")
    }
  }
}
