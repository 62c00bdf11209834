import Pipelines
import Testing

@Suite("Settings of parts of a time")
struct TimePartSettingsTests {
  private func file(_ more: String, rest: String = "") -> String {
    minimal(features: "    - { name: at, type: timestamp\(more) }\(rest)")
  }

  @Test("each part is a category of its own, with a row a value and one for missing times")
  func inputs() throws {
    let text = file(
      ", parts: [hour, weekday, day_of_year, hour_of_week, minute, day_of_month, month], time_zone: Europe/Berlin, dimension: 3"
    )
    let pipeline = try parsed(text)
    let inputs = pipeline.schema.categoryInputs
    #expect(inputs.map(\.name).prefix(2) == ["at.hour", "at.weekday"])
    #expect(inputs.map(\.buckets) == [25, 8, 367, 169, 61, 32, 13])
    #expect(inputs.allSatisfy { $0.dimension == 3 && !$0.hashes })
    #expect(pipeline.schema.categoryFeatures.isEmpty && pipeline.schema.numericFeatures.count == 2)
    #expect(try parsed(pipeline.effectiveYAML) == pipeline)
    let size = ModelSize(pipeline)
    #expect(size.tableRows == 25 + 8 + 367 + 169 + 61 + 32 + 13)
  }

  @Test(
    "what cannot be meant is a mistake with its place and what may have been meant",
    arguments: [
      (", parts: [hour], time_zone: Europe/Berlim", "10:62", "did you mean Europe/Berlin?"),
      (", parts: [hour], time_zone: Berlin", "10:62", "did you mean Europe/Berlin?"),
      (", parts: [hour], time_zone: CEST", "10:62", "IANA"), (", parts: [hours]", "10:44", "did you mean hour?"),
      (", parts: [hour, hour]", "10:50", "occurs twice"),
      (", time_zone: Europe/Berlin", "10:36", "is for the parts of a time"),
      (", dimension: 3", "10:36", "for categories, crosses, maps, texts and parts of times only"),
    ])
  func mistakes(more: String, place: String, part: String) {
    let found = report(on: file(more))
    #expect(found.contains(part) && found.contains(":\(place): "), "\(found)")
  }

  @Test("a part is no feature's name, and parts are of times only")
  func names() {
    let twice = report(on: file(", parts: [hour]", rest: "\n    - { name: at.hour, path: other, type: float }"))
    #expect(twice.contains("the name of the feature `at.hour`"))
    #expect(report(on: minimal(features: "    - { name: b, type: float, parts: [hour] }")).contains("timestamps only"))
  }

  @Test("a time without an origin goes on with the one that it was learned with, and says which in its contract")
  func origin() throws {
    let pipeline = try parsed(file(""))
    let contract = DataContract(pipeline)
    #expect(contract.schema.features.last?.origin == 1_700_000_000)
    // As it was written before there was a default.
    let older = try DataContract(
      text: contract.text.replacing("\"origin\":1700000000,", with: "")
        .replacing("\"origin\": 1700000000,", with: ""))
    #expect(older.schema.features.last?.origin == 0)
    #expect(pipeline.edits(since: pipeline.under(older)).isEmpty)
    #expect(DataContract(pipeline.following(older)) == older)
    #expect(DataContract(pipeline.following(nil)).schema.features.last?.origin == 0)
    #expect(DataContract(pipeline.following(contract)) == contract)
    let said = try parsed(file(", origin: 5"))
    #expect(said.edits(since: pipeline.under(older)).map(\.effect) == [.changes])
    #expect(said.following(older) == said)
  }

  @Test("another time zone, and a part less, change what was learned; parts in another order do not")
  func edits() throws {
    let old = try parsed(file(", parts: [hour, month]"))
    func effects(_ more: String) throws -> [EditEffect] { try parsed(file(more)).edits(since: old).map(\.effect) }
    #expect(try effects(", parts: [month, hour]") == [.harmless])
    #expect(try effects(", parts: [hour]") == [.changes])
    #expect(try effects(", parts: [hour, month], time_zone: Asia/Tokyo") == [.changes])
    #expect(try effects(", parts: [hour, month], dimension: 4") == [.changes])
    #expect(try effects(", parts: [hour, minute, month]") == [.extends])
  }
}
