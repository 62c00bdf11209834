extension Pipeline {
  /// Every setting that is not what it was: what the model means first, then all else in the order of the file.
  ///
  /// - Parameter old: The pipeline before, under the contract that the newest weights were learned under.
  public func edits(since old: Pipeline) -> [SettingEdit] {
    let learned = DataContract(old)
    let new = following(learned)
    var edits = learned.edits(to: DataContract(new))
    let told = Set(edits.map(\.setting))
    for key in Pipeline.section.keys where !["name", "schema", "model"].contains(key.name) {
      guard let before = key.write(old), let after = key.write(new) else { continue }
      PlainValue.differences(before, after, at: key.name) { path, before, after in
        guard !told.contains(path) else { return }
        edits.append(
          SettingEdit(
            effect: .harmless, setting: path, old: before.map { shortened($0.flowYAML) },
            new: after.map { shortened($0.flowYAML) }, meaning: "the model goes on", oldPath: path, newPath: path))
      }
    }
    return edits
  }
}

extension PlainValue {
  /// Calls `body` for each leaf that is another.
  fileprivate static func differences(
    _ old: PlainValue, _ new: PlainValue, at path: String, _ body: (String, PlainValue?, PlainValue?) -> Void
  ) {
    guard old != new else { return }
    guard case .mapping(let before) = old, case .mapping(let after) = new else { return body(path, old, new) }
    for pair in before {
      let heir = after.first { $0.key == pair.key }
      if let heir {
        differences(pair.value, heir.value, at: "\(path).\(pair.key)", body)
      } else {
        body("\(path).\(pair.key)", pair.value, nil)
      }
    }
    for pair in after where !before.contains(where: { $0.key == pair.key }) {
      body("\(path).\(pair.key)", nil, pair.value)
    }
  }
}
