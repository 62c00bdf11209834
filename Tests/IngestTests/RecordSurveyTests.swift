import Foundation
import Ingest
import JSON
import Pipelines
import Testing

@Suite("A survey of records")
struct RecordSurveyTests {
  private func survey(_ records: [String], label: String? = nil) throws -> RecordSurvey {
    var survey = RecordSurvey(label: label.flatMap { FieldPath($0) })
    for record in records { try Array(record.utf8).withUnsafeBytes { try survey.take($0) } }
    return survey
  }

  private func guess(_ values: [String]) throws -> FieldGuess {
    let survey = try survey(values.map { #"{"f":\#($0)}"# })
    return FieldGuess(try #require(survey.fields.first), records: survey.records)
  }

  @Test("finds each field by its path, in the order in which they come; lists and nulls are no objects")
  func fields() throws {
    let found = try survey([
      #"{"b":1,"a":{"x":null,"y.z":"w","deep":{"e":true}},"l":[1,"two"]}"#, #"{"c":[{"o":1}],"b":2.5,"b":2}"#,
    ])
    #expect(found.records == 2)
    #expect(found.fields.map(\.path.description) == ["b", "a.x", #"a.y\.z"#, "a.deep.e", "l", "c"])
    #expect(found.fields.map(\.values) == [3, 0, 1, 1, 1, 1])
    #expect(found.fields[0].wholes == 2 && found.fields[0].lowest == 1 && found.fields[0].highest == 2.5)
  }

  @Test(
    "what is no JSON object is refused, and counts as no record",
    arguments: ["[1]", "7", "{", #"{"a":1} x"#, #"{"a":NaN}"#])
  func refused(record: String) {
    var survey = RecordSurvey()
    #expect(throws: JSONError.self) { try Array(record.utf8).withUnsafeBytes { try survey.take($0) } }
    #expect(survey.records == 0)
  }

  @Test("takes a field for what all its values are")
  func guesses() throws {
    #expect(try guess(["1", "2.5", "null"]) == .feature(.float, coerced: false))
    #expect(try guess(["true", "false"]) == .feature(.bool, coerced: false))
    #expect(try guess([#""red""#, #""blue""#, #""red""#]) == .feature(.category, coerced: false))
    #expect(try guess([#""1.5""#, "2", #""NA""#]) == .feature(.float, coerced: true))
    #expect(try guess(["1", #""other""#]) == .feature(.category, coerced: false))
    #expect(try guess([#""2026-01-31T10:00:00Z""#, #""2026-02-01""#]) == .time)
    #expect(try guess([#""2026-01-31T10:00:00Z""#, #""soon""#]) == .feature(.category, coerced: false))
    #expect(try guess(["[1]", #"["a","b"]"#]) == .list)
    for odd in [
      ["null"], [#"[{"a":1}]"#], ["[1]", "1"], [#""the quick brown fox jumps""#, #""over the lazy dog again and""#],
    ] {
      guard case .leftOut = try guess(odd) else { Issue.record("\(odd) was taken for \(try guess(odd))"); continue }
    }
    let different = (0..<200).map { #""session \#($0)""# }
    guard case .leftOut(let reason) = try guess(different) else { Issue.record("each is another one"); return }
    #expect(reason.contains("another in every record"))
  }

  @Test("a number is a time by its name and its years only, and a name by its name only")
  func names() throws {
    func guess(_ key: String, _ values: [Int64]) throws -> FieldGuess {
      let survey = try survey(values.map { #"{"\#(key)":\#($0)}"# })
      return FieldGuess(survey.fields[0], records: survey.records)
    }
    #expect(try guess("created_at", [1_700_000_000, 1_700_000_900]) == .time)
    #expect(try guess("eventTime", [1_700_000_000_000, 1_700_000_900_000]) == .time)
    #expect(try guess("amount", [1_700_000_000, 1_700_000_900]) == .feature(.float, coerced: false))
    #expect(try guess("time", [5, 1_700_000_900]) == .feature(.float, coerced: false))
    #expect(try guess("shop_id", [5, 9]) == .feature(.category, coerced: false))
    #expect(try guess("paid", [5, 9]) == .feature(.float, coerced: false))
  }
}
