import Testing

@Suite("The floor plan")
struct FloorTests {
  private let table: FloorTable

  /// What comes with the toolchain and the system; anyone may import it.
  private let platform: Set<String> = [
    "Foundation", "FoundationEssentials", "Glibc", "Musl", "Darwin", "Dispatch", "Synchronization",
  ]

  init() throws { table = FloorTable(try SourceTree.text("Sources/README.md")) }

  @Test("every room has a row in the table, a floor, and a folder") func rooms() throws {
    let folders = try SourceTree.folders(under: "Sources")
    #expect(folders.count > 20)
    #expect(Set(table.imports.keys) == folders)
    #expect(Set(table.floors.keys) == folders)
  }

  @Test("Package.swift declares exactly what the table names") func package() throws {
    let declared = try PackageDescription().dependencies
    for (room, imports) in table.imports.sorted(by: { $0.key < $1.key }) {
      let expected = FloorTable.isForeign(room) || room == "Vocabulary" ? imports : imports.union(["Vocabulary"])
      #expect(declared[room, default: []] == expected, "\(room)")
    }
  }

  /// What a room has once promised it keeps: its unsafe expressions are marked, one by one.
  @Test("rooms whose memory safety the compiler checks strictly stay so") func memorySafety() throws {
    let safe: Set = [
      "Arguments", "Confinement", "Controller", "Evaluation", "Health", "Membership", "Registry", "Rollouts",
      "Telemetry",
    ]
    let declared = try PackageDescription().strictlySafe
    #expect(declared.isSuperset(of: safe), "\(safe.subtracting(declared).sorted()) are let go of")
  }

  @Test("no file imports what its row does not name") func importLines() {
    #expect(SourceTree.sources.count > 20)
    for file in SourceTree.sources {
      let allowed = table.imports[file.room, default: []].union(["Vocabulary"]).union(platform)
      let foreign = file.imports.subtracting(allowed)
      #expect(foreign.isEmpty, "\(file) imports \(foreign.sorted())")
    }
  }

  @Test("imports go down the stairs, or to a named neighbour") func downwards() {
    for (room, imports) in table.imports {
      for name in imports {
        let (from, to) = (table.floors[room] ?? -1, table.floors[name] ?? 99)
        #expect(to <= from, "\(room) on floor \(from) imports \(name) on floor \(to)")
      }
    }
  }

  @Test("neighbours do not import each other in a circle") func noCircle() {
    func reaches(_ start: String, _ goal: String, _ seen: inout Set<String>) -> Bool {
      for next in table.imports[start, default: []] where seen.insert(next).inserted {
        if next == goal || reaches(next, goal, &seen) { return true }
      }
      return false
    }
    for room in table.imports.keys {
      var seen: Set<String> = []
      #expect(!reaches(room, room, &seen), "\(room) imports itself by way of others")
    }
  }

  @Test("each C library has one importer") func oneImporter() {
    for library in table.imports.keys where FloorTable.isForeign(library) {
      let importers = Set(SourceTree.sources.filter { $0.imports.contains(library) }.map(\.room))
      #expect(importers.count <= 1, "\(library) is imported by \(importers.sorted())")
      #expect(table.imports.values.filter { $0.contains(library) }.count == 1, "\(library) in the table")
    }
  }

  @Test("every room has tests") func testFolders() throws {
    let folders = try SourceTree.folders(under: "Tests")
    let targets = try PackageDescription().testTargets
    for room in table.imports.keys where !FloorTable.isForeign(room) && (table.floors[room] ?? 0) < 5 {
      #expect(folders.contains(room + "Tests"), "\(room) has no folder of tests")
      #expect(targets.contains(room + "Tests"), "\(room)'s tests are not in Package.swift")
      let tests = SourceTree.tests.filter { $0.room == room + "Tests" && $0.text.contains("@Test") }
      #expect(!tests.isEmpty, "\(room) has no test")
    }
  }
}
