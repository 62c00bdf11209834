import Arguments
import Pipelines

/// One setting written otherwise in the text of a pipeline file, which stays as it is around it: `model.hidden=[128,64]`.
struct TextSetting: ArgumentValue {
  let path: String
  /// As YAML writes it in a line.
  let value: String

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty, !parts[1].contains("\n") else { return nil }
    let keys = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let isPlain = keys.allSatisfy { key in !key.isEmpty && key.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" }
    }
    guard keys.count >= 2, isPlain else { return nil }
    (path, value) = (String(parts[0]), String(parts[1]))
  }

  static var expectation: String { "a key path and its value, as model.hidden=[128,64]" }

  private var key: Substring { path[path.index(after: path.lastIndex(of: ".") ?? path.startIndex)...] }
  private var parent: String { String(path[..<(path.lastIndex(of: ".") ?? path.startIndex)]) }

  /// - Returns: nil: the file writes the setting, or what it belongs to, in a way that is not edited here.
  func applied(to text: String) -> String? {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let places = PipelineParser.places(in: text)
    let (around, own) = (places.place(of: parent), places.place(of: path))
    guard lines.indices.contains(around.line - 1) else { return nil }
    if own != around, lines.indices.contains(own.line - 1) {
      // Where its value stands, or its key.
      let line = lines[own.line - 1]
      var start = line.index(line.startIndex, offsetBy: own.column - 1, limitedBy: line.endIndex) ?? line.endIndex
      if line[start...].hasPrefix("\(key):") {
        start = line.index(start, offsetBy: key.count + 1)
        while start < line.endIndex, line[start] == " " { start = line.index(after: start) }
      }
      guard start < line.endIndex, let end = Self.end(of: line, from: start) else { return nil }
      lines[own.line - 1] = line[..<start] + value + line[end...]
      return lines.joined(separator: "\n")
    }
    // Not given so far: the first of what it belongs to.
    let line = lines[around.line - 1]
    guard let start = line.index(line.startIndex, offsetBy: around.column - 1, limitedBy: line.endIndex) else {
      return nil
    }
    if places.place(of: parent.split(separator: ".").dropLast().joined(separator: ".")) == around, !parent.contains(".")
    {
      guard around == (1, 1) || !line[start...].hasPrefix("{") else { return nil }
    }
    if let brace = line[start...].firstIndex(of: "{"), line[start..<brace].allSatisfy({ $0 != "#" }) {
      let rest = line[line.index(after: brace)...]
      let isEmpty = rest.drop { $0 == " " }.first == "}"
      lines[around.line - 1] = line[...brace] + " \(key): \(value)" + (isEmpty ? "" : ",") + rest
      return lines.joined(separator: "\n")
    }
    guard text.contains("\n\(parent):") || text.hasPrefix("\(parent):") else {
      return parent.contains(".")
        ? nil : text + (text.hasSuffix("\n") ? "" : "\n") + "\(parent): { \(key): \(value) }\n"
    }
    // A block: its first key gives the indent.
    let indent = String(repeating: " ", count: around.column - 1)
    guard around.column > 1 else { return nil }
    lines.insert("\(indent)\(key): \(value)", at: around.line - 1)
    return lines.joined(separator: "\n")
  }

  /// Behind a value that ends in its line; nil: it does not.
  private static func end(of line: String, from start: String.Index) -> String.Index? {
    let closing: [Character: Character] = ["[": "]", "{": "}"]
    var open: [Character] = []
    var quote: Character?
    var place = start
    while place < line.endIndex {
      let character = line[place]
      if let quoted = quote {
        if character == quoted { quote = nil }
      } else if character == "\"" || character == "'" {
        quote = character
      } else if let close = closing[character] {
        open.append(close)
      } else if character == open.last {
        open.removeLast()
        if open.isEmpty { return line.index(after: place) }
      } else if open.isEmpty, ",}]".contains(character) || character == "#" && line[..<place].last == " " {
        break
      }
      place = line.index(after: place)
    }
    guard open.isEmpty, quote == nil else { return nil }
    while place > start, line[line.index(before: place)] == " " { place = line.index(before: place) }
    return place > start ? place : nil
  }
}
