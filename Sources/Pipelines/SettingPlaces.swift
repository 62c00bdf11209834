/// Where a pipeline file gives its settings.
public struct SettingPlaces: Sendable {
  /// Full key path (`training.optimizer.kind`, `schema.features[2].clip`) → where its value stands.
  let places: [String: Place]

  /// The place of a setting, or of the nearest one around it that the file gives; one-based, the column in characters.
  public func place(of path: String) -> (line: Int, column: Int) {
    var path = Substring(path)
    while true {
      if let place = places[String(path)] { return (place.line, place.column) }
      guard let cut = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return (1, 1) }
      path = path[..<cut]
    }
  }
}

extension PipelineParser {
  /// Where a file gives its settings; of one with mistakes as far as it can be read. Variables need not be set.
  public static func places(in text: String) -> SettingPlaces {
    let reader = PipelineReader(file: "", environment: nil)
    if let root = YAMLLoader(reader: reader).load(text) { _ = Pipeline.section.kind.read(root, "", reader) }
    return reader.settingPlaces
  }
}
