extension CommandDescription {
  /// What `--help` prints.
  public func helpText(columns: Int = 80) -> String {
    var text = wrapped(abstract, columns: columns) + "\n"
    if !discussion.isEmpty { text += "\n" + wrapped(discussion, columns: columns) + "\n" }
    text += "\nUSAGE\n" + brokenUsage(columns: columns) + "\n"
    text += section("ARGUMENTS", positionals.map { ($0.label, $0.fullHelp) }, columns: columns)
    text += section("SUBCOMMANDS", subcommands.map { ($0.name, $0.abstract) }, columns: columns)
    text += section("OPTIONS", dashed.map { ($0.label, $0.fullHelp) }, columns: columns)
    return text
  }

  /// The usage line, broken between its pieces only.
  private func brokenUsage(columns: Int) -> String {
    let hardSpace = "\u{A0}"
    let pieces = usageWords.map { $0.map { $0 == " " ? hardSpace : String($0) }.joined() }
    return wrapped(pieces.joined(separator: " "), columns: columns, indent: 2, hanging: 6)
      .map { $0 == "\u{A0}" ? " " : String($0) }.joined()
  }

  private func section(_ title: String, _ rows: [(label: String, help: String)], columns: Int) -> String {
    if rows.isEmpty { return "" }
    let margin = 26
    let lines = rows.map { row in
      let help = wrapped(row.help, columns: columns, indent: margin)
      let label = "  " + row.label
      return label.count + 2 > margin
        ? label + "\n" + help : label.padded(to: margin) + help.dropFirst(margin)
    }
    return "\n\(title)\n" + lines.joined(separator: "\n") + "\n"
  }
}

extension ArgumentDescription {
  /// The help with the values there are and the default.
  var fullHelp: String {
    var text = help
    if case .values(let values) = completion { text += " One of: \(values.joined(separator: ", "))." }
    if let defaultText { text += " (default: \(defaultText))" }
    return text
  }
}

extension String {
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

/// `text` broken at spaces so that no line is longer than `columns`; empty lines and lines that begin with two spaces
/// stay as they are.
func wrapped(_ text: String, columns: Int, indent: Int = 0, hanging: Int? = nil) -> String {
  let first = String(repeating: " ", count: indent)
  let next = String(repeating: " ", count: hanging ?? indent)
  return text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
    if line.isEmpty || line.hasPrefix("  ") { return line.isEmpty ? "" : first + line }
    var lines: [String] = []
    var current = first
    var isEmpty = true
    for word in line.split(separator: " ") {
      if !isEmpty, current.count + 1 + word.count > columns {
        lines.append(current)
        current = next
        isEmpty = true
      }
      current += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return (lines + [current]).joined(separator: "\n")
  }.joined(separator: "\n")
}
