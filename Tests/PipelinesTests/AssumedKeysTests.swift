import Pipelines
import Testing

@Suite("What a file leaves open")
struct AssumedKeysTests {
  private static func file(_ feature: String) throws -> Pipeline {
    try parsed(
      """
      name: small
      source: { topic: events }
      schema: { label: { path: y }, features: [{ name: a, \(feature) }] }
      model: { task: binary }
      """)
  }

  @Test(
    "a number that may be absent tells so, unless the file says otherwise",
    arguments: [
      ("type: float", true), ("type: bool", true), ("type: timestamp", true),
      ("type: float, missing_indicator: false", false), ("type: float, missing: 0", false),
      ("type: float, missing: reject", false), ("type: category", false),
    ])
  func indicator(feature: String, isThere: Bool) throws {
    #expect(try Self.file(feature).schema.features[0].missingIndicator == isThere)
  }

  @Test(
    "the values of a category have rows of their own, unless they are listed or the file says otherwise",
    arguments: [
      ("type: category", 1024), ("type: category, buckets: 100", 100), ("type: category, buckets: 5000", 1024),
      ("type: category, own_rows: 0", 0), ("type: category, own_rows: 3000", 3000),
      ("type: category, values: [p, q]", 0), ("type: category, values: [p, q], own_rows: 7", 7), ("type: float", 0),
    ])
  func ownRows(feature: String, rows: Int) throws {
    #expect(try Self.file(feature).schema.features[0].ownRows == rows)
  }

  @Test("a model that was learned in hashed rows alone goes on so, until the file says otherwise")
  func hashed() throws {
    let learned = DataContract(try Self.file("type: category, own_rows: 0"))
    let older = try DataContract(text: learned.text.replacing("\"own_rows\": 0,", with: ""))
    #expect(older == learned && !learned.text.replacing("\"own_rows\": 0,", with: "").contains("own_rows"))
    let silent = try Self.file("type: category")
    #expect(silent.following(older).schema.features[0].ownRows == 0)
    #expect(silent.following(nil).schema.features[0].ownRows == 0)
    #expect(silent.edits(since: try Self.file("type: category, own_rows: 0")).isEmpty)
    let said = try Self.file("type: category, own_rows: 9")
    #expect(said.edits(since: silent.following(nil)).map(\.effect) == [.extends])
  }

  @Test("rows of their own where nothing is hashed are a mistake")
  func pointless() {
    let found = report(
      on: """
        name: small
        source: { topic: events }
        schema:
          label: { path: y }
          features:
            - { name: a, type: category, values: [p], unknown: reject, own_rows: 5 }
        model: { task: binary }
        """)
    #expect(
      found.contains("pipeline.yaml:6:") && found.contains("`own_rows` is for categories and crosses that are hashed"))
  }

  @Test("a model that was learned without an indicator goes on without it, whichever program knew it")
  func goesOn() throws {
    let learned = DataContract(try Self.file("type: float, missing_indicator: false"))
    let silent = try Self.file("type: float")
    #expect(silent.following(learned).schema.features[0].missingIndicator == false)
    #expect(silent.following(nil).schema.features[0].missingIndicator == false)
    #expect(DataContract(silent.following(learned)) == learned)
    #expect(silent.edits(since: try Self.file("type: float, missing_indicator: false")).isEmpty)
    let said = try Self.file("type: float, missing_indicator: true")
    #expect(said.following(learned) == said)
    #expect(said.edits(since: silent.following(nil)).map(\.effect) == [.extends])
  }

  @Test("one that was learned with it goes on with it, also where absent values are refused from now on")
  func stays() throws {
    let learned = try Self.file("type: float")
    for feature in ["type: float, missing: reject", "type: float"] {
      let now = try Self.file(feature)
      #expect(now.following(DataContract(learned)).schema.features[0].missingIndicator)
      #expect(now.edits(since: learned).allSatisfy { $0.effect == .harmless })
    }
  }
}
