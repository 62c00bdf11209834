import Ingest
import Pipelines
import Testing
import Vocabulary

@Suite("Why a record is refused")
struct RecordRefusalTests {
  private func sentence(_ record: String, _ schema: FeatureSchema, recordBytesMax: Int = 1000) -> String? {
    let harness = DecoderHarness(schema, recordBytesMax: recordBytesMax, purpose: .prediction)
    guard case .rejected(let reason, let field) = harness.decode(record) else { return nil }
    let value = harness.decoder.rejectedValue
    return Array(record.utf8).withUnsafeBytes {
      RecordRefusal(schema, recordBytesMax: recordBytesMax).sentence(reason, field: field, value: value, record: $0)
    }
  }

  @Test(
    "the first byte that is no JSON is named, with what would fit",
    arguments: [
      (#"{"a":1,}"#, "a key in double quotes expected at byte 7, and there is }"),
      (#"{"a":1"#, "a comma or } expected at byte 6, and it ends there"),
      (#"{"a":nope}"#, "a value expected at byte 5, and there is nope}"),
      (#"{"a":01}"#, "a comma or } expected at byte 6"), (#"{"a" 1}"#, "a colon expected at byte 5"),
      (#"{"a":1} x"#, "the end of the record expected at byte 8"),
      (#"{"a":"x"#, "the end of a text expected at byte 7"),
      (#"{"a":1.}"#, "a digit expected at byte 7"), ("", "it is empty"),
    ])
  func malformed(record: String, says: String) {
    let told = sentence(record, .one(.float)) ?? ""
    #expect(told.hasPrefix("malformed: ") && told.contains(says), "\(told)")
  }

  @Test("a value of another type is told with what it was, and what to do")
  func values() {
    #expect(
      sentence(#"{"a":"8"}"#, .one(.float))
        == #"wrong_type: it is a number and holds "8": numbers have no quotes, unless the pipeline says coerce: true"#)
    #expect(sentence(#"{"a":true}"#, .one(.float)) == "wrong_type: it is a number and holds true")
    #expect(sentence(#"{"a":"True"}"#, .one(.bool))?.contains("truths have no quotes") == true)
    #expect(
      sentence(#"{"a":"No"}"#, .one(.bool))
        == #"wrong_type: it is true or false and holds "No": where words are what it holds, it is of type: category"#)
    #expect(sentence(#"{"a":1e300}"#, .one(.float))?.hasPrefix("overflow: it holds 1e300") == true)
    #expect(sentence("[1]", .one(.float)) == "not_an_object: it is JSON, and no object: {…} is expected")
  }

  @Test("what the pipeline refuses is told with its rule")
  func rules() {
    let range = sentence(
      #"{"a":500}"#,
      .one(.float) {
        $0.clip = -20...50
        $0.outOfRange = .reject
      })
    #expect(range == "out_of_range: it holds 500, and out_of_range: reject takes -20 to 50 only")
    let absent = sentence(#"{"x":{"a":1}}"#, .one(.float) { $0.missing = .reject })
    #expect(absent == "missing_field: it is absent at a (near it: x.a), and the pipeline says missing: reject")
    let stranger = sentence(
      #"{"a":"sprin"}"#,
      .one(.category) {
        $0.values = ["spring", "summer"]
        $0.unknown = .reject
      })
    #expect(stranger?.contains(#"holds "sprin", which is none of the known values (near: spring)"#) == true)
    let large = sentence(#"{"b":"\#(String(repeating: "x", count: 2000))"}"#, .one(.float))
    #expect(large == "oversized: it has 2008 bytes, and source.record_bytes_max is 1000")
    // A map or a text that came by itself.
    let refusal = RecordRefusal(.one(.map), recordBytesMax: 1000)
    let alone = refusal.sentence(.oversized, field: "a", value: nil, record: nil, size: 1200)
    #expect(alone == "oversized: it has 1200 bytes, and source.record_bytes_max is 1000")
    let deep = refusal.sentence(.oversized, field: "a", value: nil, record: nil, size: 900)
    #expect(deep == "oversized: it is nested deeper than 128 levels")
  }
}
