import Foundation

/// The repository as it lies on disk.
enum SourceTree {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// Every file under `folder` whose name ends in one of `endings`, sorted by path.
  static func files(under folder: String, ending endings: String...) -> [SourceFile] {
    let base = root.appending(path: folder)
    let names = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
    return names.sorted().filter { name in endings.contains { name.hasSuffix($0) } }.compactMap { name in
      let path = folder + "/" + name
      return (try? text(path)).map { SourceFile(path: path, text: $0) }
    }
  }

  static let sources = files(under: "Sources", ending: ".swift")
  static let tests = files(under: "Tests", ending: ".swift")

  static func folders(under folder: String) throws -> Set<String> {
    let base = root.appending(path: folder)
    return Set(
      try FileManager.default.contentsOfDirectory(atPath: base.path).filter { name in
        (try? base.appending(path: name).resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == true
      })
  }
}

/// One file of the repository.
struct SourceFile: Sendable, CustomStringConvertible {
  /// From the root: `Sources/Kafka/KafkaError.swift`.
  let path: String
  let text: String

  var description: String { path }
  var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
  /// `Kafka`
  var room: String { String(path.split(separator: "/")[1]) }
  var name: String { String(path.split(separator: "/").last ?? "") }

  /// The modules that the file imports.
  var imports: Set<String> {
    Set(
      lines.compactMap { line in
        var words = line.split(separator: " ").map(String.init)
        while let first = words.first, first.hasPrefix("@") || ["public", "package", "internal"].contains(first) {
          words.removeFirst()
        }
        guard words.first == "import", words.count >= 2 else { return nil }
        let kinds: Set = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
        let module = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
        return String(module.split(separator: ".")[0])
      })
  }
}

/// A line taken apart, well enough for these tests: quotes are not followed over several lines.
struct SourceLine {
  /// Without comments and without what stands in quotes.
  let code: String
  /// What stands in quotes.
  let quoted: String
  /// After `//`; nil: none.
  let comment: String?

  init(_ line: String) {
    var code = ""
    var quoted = ""
    var comment: String?
    var isQuoted = false
    var previous: Character = " "
    for (index, character) in line.enumerated() {
      if character == "\"", previous != "\\" {
        isQuoted.toggle()
        quoted.append(" ")
      } else if isQuoted {
        quoted.append(character)
      } else if character == "/", previous == "/" {
        code.removeLast()
        comment = String(line.dropFirst(index + 1))
        break
      } else {
        code.append(character)
      }
      previous = character
    }
    self.code = code
    self.quoted = quoted
    self.comment = comment
  }
}

extension SourceFile {
  /// Where `isWrong` says so: `path:line`.
  func places(where isWrong: (SourceLine) -> Bool) -> [String] {
    lines.enumerated().filter { isWrong(SourceLine($0.element)) }.map { "\(path):\($0.offset + 1)" }
  }
}
