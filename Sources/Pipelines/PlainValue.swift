import JSON

/// A value on its way out: into the effective pipeline (YAML) or its schema (JSON).
indirect enum PlainValue: Sendable, Hashable {
  /// A number or a boolean, as both formats spell it.
  case literal(String)
  case text(String)
  case list([PlainValue])
  /// In this order.
  case mapping([Pair])

  struct Pair: Sendable, Hashable {
    let key: String
    let value: PlainValue

    init(_ key: String, _ value: PlainValue) {
      self.key = key
      self.value = value
    }
  }

  static func number(_ value: Double) -> PlainValue {
    // A whole number reads better without its fraction, and means the same.
    value == value.rounded() && abs(value) < 1e15 ? .literal(String(Int64(value))) : .literal(String(value))
  }

  static func integer(_ value: some BinaryInteger) -> PlainValue { .literal(String(value)) }
  static func boolean(_ value: Bool) -> PlainValue { .literal(value ? "true" : "false") }

  private var isNested: Bool {
    switch self {
    case .mapping(let pairs): !pairs.isEmpty
    case .list(let elements): elements.contains { $0.isNested }
    default: false
    }
  }

  // MARK: YAML

  /// Block style, two spaces a level; short lists in one line.
  func yaml() -> String {
    var lines: [String] = []
    appendYAML(to: &lines, indentation: 0, lead: nil)
    return lines.joined(separator: "\n") + "\n"
  }

  /// - Parameter lead: What stands before the first line (`key:` or `-`); nil at the root.
  private func appendYAML(to lines: inout [String], indentation: Int, lead: String?) {
    let margin = String(repeating: " ", count: indentation)
    guard isNested else {
      lines.append(margin + (lead.map { $0 + " " } ?? "") + flowYAML)
      return
    }
    var inner = indentation
    if let lead, lead != "-" {
      lines.append(margin + lead)
      inner += 2
    }
    switch self {
    case .mapping(let pairs):
      for (index, pair) in pairs.enumerated() {
        // The first key of a list element stands on the line of its dash.
        if lead == "-", index == 0 {
          var first: [String] = []
          pair.value.appendYAML(to: &first, indentation: inner + 2, lead: Self.yamlText(pair.key) + ":")
          first[0] = margin + "- " + first[0].dropFirst(inner + 2)
          lines += first
        } else {
          pair.value.appendYAML(
            to: &lines, indentation: lead == "-" ? inner + 2 : inner, lead: Self.yamlText(pair.key) + ":")
        }
      }
    case .list(let elements):
      for element in elements { element.appendYAML(to: &lines, indentation: inner, lead: "-") }
    default:
      break
    }
  }

  /// In one line.
  var flowYAML: String {
    switch self {
    case .literal(let text): text
    case .text(let text): Self.yamlText(text)
    case .list(let elements): "[" + elements.map(\.flowYAML).joined(separator: ", ") + "]"
    case .mapping(let pairs):
      "{" + pairs.map { Self.yamlText($0.key) + ": " + $0.value.flowYAML }.joined(separator: ", ") + "}"
    }
  }

  private static func yamlText(_ text: String) -> String {
    let isPlain = text.wholeMatch(of: /[A-Za-z0-9_\/.][A-Za-z0-9_\/.\-]*(:[A-Za-z0-9_\/.\-]+)*/) != nil
    // What YAML 1.1 and its readers take for something else than text.
    let isWord = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
    return isPlain && !isWord && Double(text) == nil ? text : JSONText.quoted(text)
  }

  // MARK: JSON

  /// Indented by two spaces; lists without mappings in one line.
  func json(indentation: Int = 0) -> String {
    let margin = String(repeating: " ", count: indentation)
    switch self {
    case .literal(let text): return text
    case .text(let text): return JSONText.quoted(text)
    case .list(let elements) where !isNested:
      return "[" + elements.map { $0.json() }.joined(separator: ", ") + "]"
    case .list(let elements):
      let lines = elements.map { margin + "  " + $0.json(indentation: indentation + 2) }
      return "[\n" + lines.joined(separator: ",\n") + "\n" + margin + "]"
    case .mapping(let pairs) where pairs.isEmpty: return "{}"
    case .mapping(let pairs):
      let lines = pairs.map {
        margin + "  " + JSONText.quoted($0.key) + ": " + $0.value.json(indentation: indentation + 2)
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n" + margin + "}"
    }
  }
}
