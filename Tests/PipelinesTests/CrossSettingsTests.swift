import Pipelines
import Testing

@Suite("Settings of crosses")
struct CrossSettingsTests {
  private static func file(_ cross: String, more: String = "") -> String {
    """
    name: small
    source: { topic: events }
    schema:
      label: { path: y }
      features:
        - { name: state, path: x.state, type: category, own_rows: 0 }
        - { name: at, type: timestamp, parts: [hour] }
        - { name: n, type: float }
        - { name: tags, type: category, values_max: 3 }
        - { name: words, type: map }
        - { name: both\(cross) }
    model: { task: binary }
    """ + more
  }

  @Test("a cross is a category of what others say together, with rows of its own while there are few")
  func input() throws {
    let pipeline = try parsed(Self.file(", type: cross, of: [state, at.hour], buckets: 65536, dimension: 4"))
    let cross = try #require(pipeline.schema.categoryInputs.last)
    #expect(cross.name == "both" && cross.ownRows == 1024 && cross.hashes && cross.tableRows == 65536 + 1024)
    let members = pipeline.schema.crossMembers
    #expect(members.keys.sorted() == ["at.hour", "n", "state"])
    #expect(members["at.hour"]?.feature == 1 && members["at.hour"]?.part == 0 && members["state"]?.part == nil)
    #expect(try parsed(pipeline.effectiveYAML) == pipeline)
    #expect(!pipeline.effectiveYAML.contains("path: both"))
    let contract = DataContract(pipeline)
    #expect(try DataContract(text: contract.text) == contract && contract.text.contains("\"of\""))
  }

  @Test(
    "what cannot be meant is a mistake with its place and what may have been meant",
    arguments: [
      (", type: cross", "11:7", "the cross `both` is of nothing"),
      (", type: cross, of: [state, at.huor]", "11:46", "did you mean `at.hour`?"),
      (", type: cross, of: [stat, n]", "11:39", "did you mean `state`?"),
      (", type: cross, of: [x.state, n]", "11:39", "did you mean `state`?"),
      (", type: cross, of: [state, nobody]", "11:46", "which is no feature"),
      (", type: cross, of: [state, at]", "11:46", "write a part of it, such as `at.hour`"),
      (", type: cross, of: [state, tags]", "11:46", "a list, which has several values"),
      (", type: cross, of: [state, words]", "11:46", "a map, which has many values"),
      (", type: cross, of: [state, both]", "11:46", "which is a cross itself"),
      (", type: cross, of: [state, state]", "11:46", "the feature `state` occurs twice — keep one of them"),
      (", type: cross, of: [state]", "11:38", "of has 1 elements — write at least 2"),
      (", type: cross, of: [state, n], path: x", "11:50", "`path` means nothing for a cross"),
      (", type: cross, of: [state, n], missing: reject", "11:50", "`missing` means nothing for a cross"),
      (", type: cross, of: [state, n], values: [a]", "11:50", "`values` is for categories only"),
      (
        ", type: cross, of: [state, n], unknown: reject", "11:50", "is for categories with `values` only — leave it out"
      ),
      (", type: category, of: [state, n]", "11:37", "`of` is for crosses only"),
    ])
  func mistakes(cross: String, place: String, part: String) {
    let found = report(on: Self.file(cross))
    #expect(found.contains(part) && found.contains(":\(place): "), "\(found)")
  }

  @Test("a cross more extends what was learned, one of others changes it, and a member keeps what it means")
  func edits() throws {
    let cross = ", type: cross, of: [state, at.hour], buckets: 64"
    let old = try parsed(Self.file(cross))
    func effects(_ new: String) throws -> [EditEffect] { try parsed(new).edits(since: old).map(\.effect) }
    let without = Self.file(cross).split(separator: "\n").filter { !$0.contains("both") }.joined(separator: "\n")
    let more = old.edits(since: try parsed(without))
    #expect(more.map(\.effect) == [.extends] && more[0].new == "cross of state, at.hour", "\(more)")
    #expect(try effects(without) == [.changes])
    let other = try parsed(Self.file(", type: cross, of: [state, n], buckets: 64")).edits(since: old)
    #expect(other.map(\.setting) == ["schema.features[both].of"] && other[0].effect == .changes)
    #expect(try effects(Self.file(", type: cross, of: [state, at.hour], buckets: 127")) == [.extends])
    #expect(try effects(Self.file(", type: cross, of: [state, at.hour], buckets: 65")) == [.changes])
    #expect(try effects(Self.file(cross + ", own_rows: 200")) == [.extends])
    let coerced = Self.file(cross).replacing("  label: {", with: "  coerce: true\n  label: {")
    #expect(!(try parsed(coerced).edits(since: old)).contains { $0.setting.contains("both") })
  }
}
