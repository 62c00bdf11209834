import Foundation
import Testing

@Suite("The house rules")
struct HouseRulesTests {
  private let everything = SourceTree.sources + SourceTree.tests

  @Test("no file is longer than 400 lines") func fileLength() {
    for file in everything { #expect(file.lines.count <= 401, "\(file)") }
  }

  @Test("only the entrance reads the environment") func environment() {
    for file in SourceTree.sources
    where file.path != "Sources/retrainctl/Environment.swift" && file.room != "retrain-bench" {
      let places = file.places { $0.code.contains("getenv") || $0.code.contains("processInfo.environment") }
      #expect(places.isEmpty, "\(places)")
    }
    // Beside it one variable, which forces the kernels' CPU level in any process that uses them, tests included.
    for file in SourceTree.files(under: "Sources", ending: ".c", ".h", ".cpp", ".hpp")
    where file.path != "Sources/CKernels/dispatch.c" {
      #expect(!file.text.contains("getenv"), "\(file)")
    }
  }

  @Test("SQL is spoken in Registry and Postgres only") func sql() throws {
    let sentence = try Regex(
      #"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|(CREATE|ALTER|DROP)\s+(TABLE|INDEX|SCHEMA|TYPE))\b"#
    )
    for file in SourceTree.sources where !["Registry", "Postgres"].contains(file.room) {
      #expect(file.places { $0.quoted.contains(sentence) }.isEmpty, "\(file)")
    }
  }

  @Test("what the compiler cannot check has its reason on the line") func unsafeReasons() {
    let words = ["@unchecked Sendable", "nonisolated(unsafe)", "try!", " as! ", "unsafeBitCast(", "@_silgen_name"]
    for file in everything {
      let places = file.places { line in
        words.contains { line.code.contains($0) } && (line.comment?.count ?? 0) < 12
      }
      #expect(places.isEmpty, "\(places)")
    }
  }

  @Test("no file is named for what is left over") func namedForNouns() {
    for file in everything {
      for word in ["Util", "Helper", "Misc", "Common", "Stuff"] { #expect(!file.name.contains(word), "\(file)") }
    }
  }

  @Test("a kind of layer is known to six files beside its own", arguments: ["bilinear", "factorization"])
  func layerKinds(key: String) {
    let knowing = SourceTree.sources.filter { file in
      !file.path.contains("/Layers/")
        && !file.places { ($0.code + $0.quoted).lowercased().contains(key) }.isEmpty
    }
    #expect(knowing.count <= 6, "\(knowing)")
    #expect(knowing.contains { $0.name == "BranchPlan+All.swift" }, "no branch has it: the word is another by now")
  }

  @Test("no text is read through a span, which optimised code of Swift 6.3 lets outlive a short one")
  func spansOfTexts() {
    for file in SourceTree.sources {
      let places = file.places { $0.code.contains(".utf8.span") || $0.code.contains("utf8Span") }
      #expect(places.isEmpty, "\(places)")
    }
  }

  @Test("nothing is left for later") func nothingLeft() throws {
    let words = try Regex(#"\b(TODO|FIXME|XXX|HACK)\b|Under construction"#)
    for file in everything where file.name != "HouseRulesTests.swift" {
      let places = file.places { ($0.comment ?? "").contains(words) || $0.code.contains(words) }
      #expect(places.isEmpty, "\(places)")
    }
  }

  @Test("rooms do not print; the entrance does") func noPrinting() throws {
    let call = try Regex(#"(^|[^.\w])(print|debugPrint|dump)\("#)
    for file in SourceTree.sources where !["retrainctl", "retrain-bench"].contains(file.room) {
      let places = file.places { $0.code.contains(call) }
      #expect(places.isEmpty, "\(places)")
    }
  }

  @Test("tests wait for events, they do not sleep") func noSleeping() throws {
    let call = try Regex(#"(Task\.sleep|\b(u|nano)?sleep\(|sleep\(forTimeInterval)"#)
    for file in SourceTree.tests {
      let places = file.places { $0.code.contains(call) }
      #expect(places.isEmpty, "\(places)")
    }
  }

  @Test("no test reaches into a room's private parts") func noTestable() {
    for file in SourceTree.tests { #expect(file.places { $0.code.contains("@testable") }.isEmpty, "\(file)") }
  }

  @Test("migrations are numbered without a gap") func migrations() {
    let names = SourceTree.files(under: "migrations", ending: ".sql").map(\.name)
    for (index, name) in names.enumerated() {
      let digits = String(index + 1)
      #expect(name.hasPrefix(String(repeating: "0", count: 4 - digits.count) + digits + "_"), "\(name)")
    }
  }

  @Test("a kind of incident that something opens is one that pipeline files may name") func incidentKinds() throws {
    let known =
      try SourceTree.text("Sources/Vocabulary/IncidentKind.swift")
      + SourceTree.text("Sources/Vocabulary/HealthRule.swift")
    let opened = try Regex(
      #"(?:IncidentDraft\([^)]*?\bkind: |Trouble\(\s*|self\.init\()"([A-Za-z_]+)""#, as: (Substring, Substring).self)
    var kinds: Set<String> = []
    for file in SourceTree.sources where ["Worker", "Controller", "Registry", "retrainctl"].contains(file.room) {
      guard file.room == "Worker" || file.text.contains("IncidentDraft(") else { continue }
      kinds.formUnion(file.text.matches(of: opened).map { String($0.output.1) })
    }
    #expect(kinds.count > 15, "\(kinds.sorted())")
    for kind in kinds { #expect(known.contains("\"\(kind)\"") || known.contains("case \(kind)\n"), "\(kind)") }
  }

  @Test("shell scripts are executable and bash can read them") func scripts() throws {
    let scripts =
      ["deploy", "Tests"].flatMap { SourceTree.files(under: $0, ending: ".sh") }
      + SourceTree.files(under: ".ci", ending: "run")
    #expect(scripts.count >= 3)
    for script in scripts {
      let path = SourceTree.root.appending(path: script.path).path
      #expect(FileManager.default.isExecutableFile(atPath: path), "\(script)")
      let process = try Process.run(URL(filePath: "/bin/bash"), arguments: ["-n", path])
      process.waitUntilExit()
      #expect(process.terminationStatus == 0, "\(script)")
    }
  }
}

@Suite("The manual")
struct ManualTests {
  @Test("the README's table has every command") func everyCommand() throws {
    let rows = try SourceTree.text("README.md").split(separator: "\n").filter { $0.hasPrefix("| `") }.joined()
    let declaration = try Regex(#"CommandConfiguration\(\s*name: "([a-z-]+)""#)
    let sources = SourceTree.sources.filter { $0.room == "retrainctl" }.map(\.text).joined()
    let names = sources.matches(of: declaration).compactMap { $0.output[1].substring.map(String.init) }
    #expect(names.count > 20)
    for name in names where name != "retrainctl" {
      let word = try Regex("[` ]\(name)[` ]")
      #expect(rows.contains(word), "\(name) is missing")
    }
  }
}
