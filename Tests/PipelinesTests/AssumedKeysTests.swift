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
