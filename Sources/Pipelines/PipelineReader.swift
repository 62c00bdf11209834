/// What one reading of a pipeline file gathers: mistakes, and the place of every key that the file gives.
///
/// One reading, one thread.
final class PipelineReader {
  private let file: String
  /// nil: texts are taken as they stand.
  private let environment: ((String) -> String?)?
  private var found: [(place: Place, problem: String, remedy: String)] = []
  /// Full key path (`training.optimizer.kind`, `schema.features[2].clip`) → where its value stands.
  private var places: [String: Place] = [:]

  /// Key paths whose values in the settings are mere defaults, because those of the file were refused.
  private var distrusted: Set<String> = []

  init(file: String, environment: ((String) -> String?)?) {
    self.file = file
    self.environment = environment
  }

  func note(at place: Place, _ problem: String, _ remedy: String) {
    found.append((place, problem, remedy))
  }

  func remember(_ path: String, at place: Place) { places[path] = place }

  func distrust(_ path: String) { distrusted.insert(path) }

  /// Whether a setting and all within it are what the file says.
  func trusts(_ path: String) -> Bool {
    path.isEmpty
      ? distrusted.isEmpty : !distrusted.contains { $0 == path || $0.hasPrefix(path + ".") || $0.hasPrefix(path + "[") }
  }

  /// The place of a key, or of the nearest one around it that the file gives.
  func place(of path: String) -> Place {
    var path = Substring(path)
    while true {
      if let place = places[String(path)] { return place }
      guard let cut = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return .start }
      path = path[..<cut]
    }
  }

  /// The place of every key that the file gives.
  var settingPlaces: SettingPlaces { SettingPlaces(places: places) }

  /// Whether the file gives this key.
  func gives(_ path: String) -> Bool { places[path] != nil }

  /// All mistakes in the order of the file; nil when there are none.
  var mistakes: PipelineMistakes? {
    guard !found.isEmpty else { return nil }
    let inOrder = found.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
    return PipelineMistakes(
      mistakes: inOrder.map {
        PipelineMistake(
          file: file, line: $0.element.place.line, column: $0.element.place.column, problem: $0.element.problem,
          remedy: $0.element.remedy)
      })
  }

  /// `text` with every `${env:NAME}` replaced; nil when one is unset or misspelt, which has been noted.
  ///
  /// `${NAME}`, as shells write it, is refused: it would be taken as it stands, and nobody means that. `$${` is a plain `${`.
  func expandEnvironment(in text: String, at place: Place) -> String? {
    guard let environment else { return text }
    for match in text.matches(of: /(\$?)\$\{([A-Za-z_][A-Za-z0-9_]*)\}/) where match.output.1.isEmpty {
      note(
        at: place, "`${\(match.output.2)}` is no variable here, and no value",
        "write ${env:\(match.output.2)}, or $${\(match.output.2)} if it is meant as it stands")
      return nil
    }
    let text = text.replacing(/\$\$\{([A-Za-z_][A-Za-z0-9_]*)\}/) { "${\($0.output.1)}" }
    var expanded = ""
    var rest = Substring(text)
    var isComplete = true
    while let start = rest.firstRange(of: "${env:") {
      expanded += rest[..<start.lowerBound]
      rest = rest[start.upperBound...]
      guard let end = rest.firstIndex(of: "}") else {
        note(at: place, "`${env:` without a closing `}`", "write ${env:NAME}")
        return nil
      }
      let name = String(rest[..<end])
      rest = rest[rest.index(after: end)...]
      if name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) == nil {
        note(
          at: place, "`\(shortened(name))` is no name of an environment variable", "use letters, digits and underscores"
        )
        isComplete = false
      } else if let value = environment(name) {
        expanded += value
      } else {
        note(at: place, "the environment variable \(name) is not set", "set it, or write the value here")
        isComplete = false
      }
    }
    return isComplete ? expanded + rest : nil
  }
}
