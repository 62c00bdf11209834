import Foundation

/// `Sources/README.md`, read: which room stands on which floor and what it may import.
struct FloorTable {
  /// The floor of each room; 0 is the ground.
  let floors: [String: Int]
  /// The imports of each room beside `Vocabulary`.
  let imports: [String: Set<String>]

  /// The C libraries and targets; their rooms are no Swift modules of their own.
  static func isForeign(_ room: String) -> Bool { room.hasPrefix("C") && room.dropFirst().first?.isUppercase == true }

  init(_ text: String) {
    var floors: [String: Int] = [:]
    var imports: [String: Set<String>] = [:]
    for line in text.split(separator: "\n") {
      if let floor = line.first?.wholeNumberValue, line.contains(" · ") || line.contains("  ") {
        for name in line.split(separator: " ").dropFirst(2) where name != "·" { floors[String(name)] = floor }
      }
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      guard cells.count == 5, cells[1].hasPrefix("`") else { continue }
      imports[Self.names(cells[1])[0]] = Set(Self.names(cells[3]))
    }
    self.floors = floors
    self.imports = imports
  }

  private static func names(_ cell: String) -> [String] {
    cell.split(separator: " ").filter { $0.hasPrefix("`") }.map { $0.filter { $0 != "`" } }
  }
}

/// What `Package.swift` says, evaluated by the package manager itself.
struct PackageDescription {
  let dependencies: [String: Set<String>]
  let testTargets: Set<String>
  /// Targets whose unsafe expressions the compiler wants marked.
  let strictlySafe: Set<String>

  init() throws {
    let scratch = FileManager.default.temporaryDirectory.appending(path: "tidy-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    // A scratch path of its own: the package's is locked by the test run.
    process.arguments = [
      "swift", "package", "--package-path", SourceTree.root.path, "--scratch-path", scratch.path, "dump-package",
    ]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let targets = try JSONDecoder().decode(Dump.self, from: bytes).targets
    dependencies = Dictionary(
      uniqueKeysWithValues: targets.filter { $0.type != "test" && $0.name != "TestKit" }.map { target in
        (target.name, Set(target.dependencies.compactMap { $0.byName?.first ?? nil }))
      })
    testTargets = Set(targets.filter { $0.type == "test" }.map(\.name))
    strictlySafe = Set(
      targets.filter { $0.settings.contains { $0.kind.strictMemorySafety != nil } }.map(\.name))
  }

  private struct Dump: Decodable {
    struct Target: Decodable {
      struct Dependency: Decodable { let byName: [String?]? }
      struct Setting: Decodable {
        struct Kind: Decodable {
          struct Value: Decodable {}
          let strictMemorySafety: Value?
        }
        let kind: Kind
      }
      let name: String
      let type: String
      let settings: [Setting]
      let dependencies: [Dependency]
    }
    let targets: [Target]
  }
}
