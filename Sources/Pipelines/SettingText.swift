/// A setting of a pipeline file's text written otherwise: all around it stays as it is, comments too.
public enum SettingText {
  /// Why it cannot be written, and what can.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// One piece of a path.
  private enum Step {
    case key(String)
    /// Of a list the element of that place, or the one whose `name` it is.
    case element(String)
  }

  /// - Parameters:
  ///   - path: As `model.hidden`, `schema.features[distance].clip` or `health.rules[0].action`.
  ///   - value: YAML in one line: `0.01`, `[128, 64]`, `{ kind: sgd }`.
  /// - Returns: The whole text. What the setting means there, the parser says.
  public static func setting(_ path: String, to value: String, in text: String) throws(Failure) -> String {
    let steps = try steps(of: path)
    let value = try flow(value)
    let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    guard let root = load(text) else { throw Failure(description: "the file itself cannot be read") }
    var source = SourceText(text)
    try write(steps[...], value, at: root, "", &source)
    guard load(source.text) != nil else {
      throw Failure(description: "`\(shortened(value))` cannot be written there: edit the file")
    }
    return source.text
  }

  private static func load(_ text: String) -> YAMLNode? {
    let reader = PipelineReader(file: "", environment: nil)
    let root = YAMLLoader(reader: reader).load(text)
    return reader.mistakes == nil ? root : nil
  }

  private static func steps(of path: String) throws(Failure) -> [Step] {
    var steps: [Step] = []
    for word in path.split(separator: ".", omittingEmptySubsequences: false) {
      var rest = word[...]
      let key = rest.prefix { $0 != "[" }
      rest = rest.dropFirst(key.count)
      guard !key.isEmpty else {
        throw Failure(description: "`\(shortened(path))` is no path of keys, as model.hidden is")
      }
      steps.append(.key(String(key)))
      while !rest.isEmpty {
        guard rest.first == "[", let end = rest.firstIndex(of: "]"), end > rest.index(after: rest.startIndex) else {
          throw Failure(description: "`\(shortened(path))`: an element is written as features[distance] or rules[0]")
        }
        steps.append(.element(String(rest[rest.index(after: rest.startIndex)..<end])))
        rest = rest[rest.index(after: end)...]
      }
    }
    return steps
  }

  /// A value as it may stand within braces.
  private static func flow(_ value: String) throws(Failure) -> String {
    guard let node = load(value), !value.contains(where: \.isNewline) else {
      throw Failure(description: "`\(shortened(value))` is no value in YAML: check its brackets and quotes")
    }
    switch node.content {
    case .scalar(let scalar) where scalar.isPlain && scalar.text.contains(where: { ",[]{}".contains($0) }):
      return PlainValue.text(scalar.text).flowYAML
    case .mapping where !node.isFlow: return "{ \(value) }"
    case .sequence where !node.isFlow:
      throw Failure(description: "`\(shortened(value))`: write a list as [a, b]")
    case .unreadable: throw Failure(description: "`\(shortened(value))` is no value")
    default: return value
    }
  }

  private static func write(
    _ steps: ArraySlice<Step>, _ value: String, at node: YAMLNode, _ path: String, _ source: inout SourceText
  ) throws(Failure) {
    let place = path.isEmpty ? "the file" : path
    guard let step = steps.first else { return }
    let rest = steps.dropFirst()
    switch (step, node.content) {
    case (.key(let key), .mapping(let entries)):
      guard let entry = entries.first(where: { $0.key == key }) else {
        return source.insert("\(key): \(try nested(rest, value))", into: node, entries)
      }
      if rest.isEmpty { return source.replace(entry, by: value) }
      // What stands for settings, as `auto` for a model, or nothing, makes room for them.
      if case .scalar = entry.value.content, case .key? = rest.first {
        return source.replace(entry, by: try nested(rest, value))
      }
      try write(rest, value, at: entry.value, path.isEmpty ? key : "\(path).\(key)", &source)
    case (.element(let name), .sequence(let elements)):
      let names = elements.map(\.name)
      guard let index = names.firstIndex(of: name) ?? Int(name).flatMap({ elements.indices.contains($0) ? $0 : nil })
      else {
        let near = nearest(to: name, among: names.compactMap(\.self)).map { "; did you mean \($0)?" } ?? ""
        throw Failure(description: "\(place) has no element `\(shortened(name))`\(near)")
      }
      if rest.isEmpty { return source.replace(elements[index], by: value) }
      try write(rest, value, at: elements[index], "\(path)[\(name)]", &source)
    case (.key(let key), _):
      throw Failure(description: "\(place) is \(node.summary), and has no key `\(shortened(key))`")
    case (.element, _): throw Failure(description: "\(place) is \(node.summary), and no list")
    }
  }

  /// Settings that are not there yet, one within the other.
  private static func nested(_ steps: ArraySlice<Step>, _ value: String) throws(Failure) -> String {
    guard let step = steps.first else { return value }
    guard case .key(let key) = step else { throw Failure(description: "the file has no such list: edit the file") }
    return "{ \(key): \(try nested(steps.dropFirst(), value)) }"
  }
}

extension YAMLNode {
  /// What an element of a list is called.
  fileprivate var name: String? {
    guard case .mapping(let entries) = content, let entry = entries.first(where: { $0.key == "name" }),
      case .scalar(let scalar) = entry.value.content
    else { return nil }
    return scalar.text
  }

  /// Behind the last character that is its own.
  fileprivate var contentEnd: Place {
    switch content {
    case .mapping(let entries) where !isFlow: entries.map { max($0.keyEnd, $0.value.contentEnd) }.max() ?? end
    case .sequence(let elements) where !isFlow: elements.map(\.contentEnd).max() ?? end
    default: end
    }
  }
}

/// A text that is changed at places that were read from it, once.
private struct SourceText {
  private var scalars: [Unicode.Scalar]
  private var lineStarts = [0]
  /// What YAML 1.1 takes for the end of a line.
  private static let breaks: Set<Unicode.Scalar> = ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"]

  init(_ text: String) {
    scalars = Array(text.unicodeScalars)
    for (index, scalar) in scalars.enumerated() where Self.breaks.contains(scalar) {
      if scalar == "\r", index + 1 < scalars.count, scalars[index + 1] == "\n" { continue }
      lineStarts.append(index + 1)
    }
  }

  var text: String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return String(text)
  }

  private func index(_ place: Place) -> Int {
    guard lineStarts.indices.contains(place.line - 1) else { return scalars.count }
    return min(scalars.count, lineStarts[place.line - 1] + place.column - 1)
  }

  mutating func replace(_ entry: YAMLNode.Entry, by value: String) {
    let start = index(entry.keyEnd)
    let colon = scalars[start...].firstIndex(of: ":") ?? start
    put(": \(value)", start..<end(of: entry.value, after: colon + 1))
  }

  mutating func replace(_ element: YAMLNode, by value: String) {
    let start = index(element.place)
    put(value, start..<end(of: element, after: start))
  }

  /// As the first of what the mapping has.
  mutating func insert(_ pair: String, into mapping: YAMLNode, _ entries: [YAMLNode.Entry]) {
    guard !mapping.isFlow, let first = entries.first else {
      let brace = index(mapping.place) + 1
      return put(" \(pair)" + (entries.isEmpty ? " " : ","), brace..<brace)
    }
    let start = index(first.keyPlace)
    put(pair + "\n" + String(repeating: " ", count: first.keyPlace.column - 1), start..<start)
  }

  private func end(of node: YAMLNode, after start: Int) -> Int {
    var end = max(start, index(node.contentEnd))
    while end > start, scalars[end - 1] == "\n" || scalars[end - 1] == " " || scalars[end - 1] == "\r" { end -= 1 }
    return end
  }

  private mutating func put(_ text: String, _ range: Range<Int>) {
    scalars.replaceSubrange(range, with: Array(text.unicodeScalars))
  }
}
