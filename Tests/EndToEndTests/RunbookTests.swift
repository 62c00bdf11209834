import Foundation
import retrainctl
import Testing

@Suite("Runbooks")
struct RunbookTests {
  private static let folder = Workplace.repository + "/deploy/runbooks"

  private static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".md") }.sorted()
  }()

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(Self.folder)/\(name)", encoding: .utf8)
  }

  /// The words of a line as a shell takes them: quotes keep spaces.
  private func words(_ line: String) -> [String] {
    var words: [String] = []
    var isQuoted = false
    var isOpen = false
    for character in line {
      switch character {
      case "\"":
        isQuoted.toggle()
        if !isOpen { words.append("") }
        isOpen = true
      case " " where !isQuoted, "\n" where !isQuoted: isOpen = false
      default:
        if !isOpen { words.append("") }
        isOpen = true
        words[words.count - 1].append(character)
      }
    }
    return words
  }

  @Test("each belongs to an alert, says what it means, what to look at and what to do, and names others that exist")
  func complete() throws {
    let alerts = Set(try AlertRules().alerts)
    #expect(Set(Self.names.map { String($0.dropLast(3)) }) == alerts)
    for name in Self.names {
      let text = try text(name)
      #expect(text.hasPrefix("# \(name.dropLast(3))\n"), "\(name)")
      for heading in ["\n## What to look at\n", "\n## What to do\n"] { #expect(text.contains(heading), "\(name)") }
      for other in text.matches(of: /`(Retrain[A-Za-z]+\.md)`/).map({ String($0.output.1) }) {
        #expect(Self.names.contains(other), "\(name) names \(other)")
      }
    }
  }

  @Test("every command in them is one that the program takes, with options that it has")
  func commands() throws {
    var count = 0
    for name in Self.names {
      let lines = try text(name).matches(of: /`retrainctl ([^`]+)`/).map { String($0.output.1) }
      #expect(!lines.isEmpty, "\(name) has no command")
      for line in lines {
        let complaint = CommandWords.complaint(about: words(line))
        #expect(complaint == nil, "\(name): retrainctl \(line): \(complaint ?? "")")
        count += 1
      }
    }
    #expect(count > 60)
    // The test would notice.
    #expect(CommandWords.complaint(about: ["status", "--sorted"]) != nil)
    #expect(CommandWords.complaint(about: ["incident", "explain", "1"]) != nil)
  }
}
