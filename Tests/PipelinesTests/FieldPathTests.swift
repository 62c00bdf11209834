import Pipelines
import Testing

@Suite("Paths of fields")
struct FieldPathTests {
  @Test(
    "text and keys say the same",
    arguments: [
      ("x", ["x"]), ("x.a", ["x", "a"]), (#"x\.a"#, ["x.a"]), (#"x\.a.b"#, ["x.a", "b"]), (#"a\b"#, [#"a\b"#]),
      (#"a\\.b"#, [#"a\"#, "b"]), (#"a\\\.b"#, [#"a\.b"#]), (#"a\\"#, [#"a\"#]), ("ü n", ["ü n"]), (#"\."#, ["."]),
    ])
  func bothWays(text: String, keys: [String]) {
    #expect(FieldPath(text)?.keys == keys)
    #expect(FieldPath(keys: keys)?.description == text)
  }

  @Test("a backslash alone is one", arguments: [#"a\"#, #"\a"#, #"\"#])
  func alone(text: String) {
    #expect(FieldPath(text)?.keys == [text])
  }

  @Test("what is no path", arguments: ["", ".", "a.", ".a", "a..b", "a\u{1F}b", "a\n"])
  func none(text: String) {
    #expect(FieldPath(text) == nil)
  }

  @Test("paths stand in a file as text or as a list of keys, wherever there are paths")
  func inFiles() throws {
    let pipeline = try parsed(
      #"""
      name: flat
      source: { topic: t }
      schema:
        id: [meta.id]
        event_time: 'meta\.t'
        label_time: "meta\\.known"
        label: { path: y\.late }
        features:
          - { name: a, path: x\.a, type: float }
          - { name: b, path: [x.b, c], type: float }
      model: { task: binary, heads: [{ name: m, label: [y.minutes], task: regression }] }
      """#)
    #expect(pipeline.schema.id == #"meta\.id"#)
    #expect(pipeline.schema.eventTime == #"meta\.t"# && pipeline.schema.labelTime == #"meta\.known"#)
    #expect(pipeline.schema.label.path == #"y\.late"#)
    #expect(pipeline.schema.features.map(\.path) == [#"x\.a"#, #"x\.b.c"#])
    #expect(pipeline.model.heads[0].label.path == #"y\.minutes"#)
    #expect(try parsed(pipeline.effectiveYAML) == pipeline)
  }

  @Test("a key with a dot does not lie inside another")
  func inside() {
    #expect(report(on: minimal(features: "    - { name: b, path: a\\.b, type: float }")) == "")
    #expect(report(on: minimal(features: "    - { name: b, path: a.b, type: float }")).contains("lies inside"))
    #expect(report(on: minimal(features: "    - { name: a..b, type: float }")).contains("is no path"))
  }

  @Test("a timestamp needs no origin; times beyond the calendar are a mistake")
  func timestamps() throws {
    func advice(_ feature: String) throws -> [String] {
      try parsed(minimal(features: "    - { name: b, type: timestamp\(feature) }")).advice.map(\.sentence)
    }
    #expect(try advice("").isEmpty)
    #expect(try parsed(minimal()).advice.isEmpty)
    #expect(
      report(on: minimal(features: "    - { name: b, type: timestamp, clip: [0, 1.3e12] }")).contains("epoch seconds"))
    #expect(report(on: minimal(features: "    - { name: b, type: float, unit: ms }")).contains("timestamps only"))
    #expect(try parsed(minimal(schema: "  time_unit: ms\n  coerce: true")).schema.timeUnit == .milliseconds)
  }
}
