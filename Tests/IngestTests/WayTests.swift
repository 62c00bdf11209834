import Ingest
import Pipelines
import Testing
import Vocabulary

/// Every way of reading on this machine; `Tests/CJSONFuzz` looks for what nobody has thought of.
private let ways = RecordDecoder.implementations.flatMap { name in
  [false, true].map { RecordDecoder.Way(implementation: name, byTokens: $0) }
}

@Suite("Ways of reading")
struct WayTests {
  private static let long = FeatureSettings(name: "a_feature_with_a_name_beyond_25", type: .float)
  private static let schema = FeatureSchema(
    label: LabelSettings(path: "y"),
    features: [
      FeatureSettings(name: "a", path: "x.a", type: .float), FeatureSettings(name: #"q"uote"#, type: .float), long,
      FeatureSettings(name: #"back\slash"#, type: .float),
    ])

  @Test("an empty object may hold white space", arguments: ways)
  func emptyObjects(way: RecordDecoder.Way) {
    let harness = DecoderHarness(Self.schema, way: way)
    for text in [#"{"x":{ },"y":0}"#, #"{"x":{},"y":0}"#, "{\"x\": {\n\t\r },\"y\":0}", "{ }", "{}", " { } "] {
      #expect(harness.decode(text) == .example, "\(text)")
      #expect(harness.numbers.allSatisfy { $0.isNaN }, "\(text)")
    }
    for text in [
      #"{"x":{ ,},"y":0}"#, #"{"x":{ "a":1,},"y":0}"#, #"{"x":{"a":1, },"y":0}"#, #"{"x":{"a":1},"y":1,  5}"#,
    ] {
      #expect(harness.decode(text) == .rejected(.malformed, field: nil), "\(text)")
    }
  }

  @Test("a NUL is no key, whatever key may be next", arguments: ways)
  func noKey(way: RecordDecoder.Way) {
    let harness = DecoderHarness(Self.schema, way: way)
    let good = #"{"x":{"a":1},"q\"uote":2,"a_feature_with_a_name_beyond_25":3,"back\\slash":4,"y":1}"#
    for text in [
      "{\"x\":{\"a\":1},\0 5}", "{\"x\":{\"a\":1},\"y\":1,\0 5}", "{\"a_feature_with_a_name_beyond_25\":3,\0 5}",
      "{\0 5}",
      "{\"q\\\"uote\":2,\0\"a\"}",
    ] {
      #expect(harness.decode(good) == .example)
      #expect(harness.numbers == [1, 2, 3, 4])
      #expect(harness.decode(text) == .rejected(.malformed, field: nil), "\(text.debugDescription)")
    }
  }

  @Test("a record may end anywhere", arguments: ways)
  func endings(way: RecordDecoder.Way) {
    let harness = DecoderHarness(Self.schema, way: way)
    for text in [
      #"{"x":{"a":1},"#, #"{"x":{"a":1,"#, #"{"x":{"a":1, "#, #"{"x":"#, #"{"x": "#, "{", "{ ", "", " ", ",", "{,",
    ] {
      #expect(harness.decode(text) == .rejected(.malformed, field: nil), "\(text)")
    }
  }

  @Test("the last of equal keys counts, however they are written; null takes a value back", arguments: ways)
  func equalKeys(way: RecordDecoder.Way) {
    let harness = DecoderHarness(Self.schema, way: way)
    harness.decode(#"{"x":{"a":1,"\u0061":2},"x":{"b":3},"y":0,"y":1}"#)
    #expect(harness.numbers[0] == 2 && harness.label == 1)
    harness.decode(#"{"x":{"a":1},"\u0078":{"a":null},"q\u0022uote":7}"#)
    #expect(harness.numbers[0].isNaN && harness.numbers[1] == 7)
  }

  @Test("a number is the double nearest to it, then the float nearest to that", arguments: ways)
  func numbers(way: RecordDecoder.Way) {
    let harness = DecoderHarness(Self.schema, way: way)
    // In the middle of two floats but for a digit that no double holds: as every reader that goes by doubles has it.
    let middle = "1.00000005960464477539062500000000000000000000000001"
    for (text, value) in [
      (middle, 1), ("-0", -0.0), ("-0.0", -0.0), ("1e-46", 0), ("1e-400", 0), ("-1e-400", -0.0),
      ("16777217", 16_777_216),
      ("9007199254740993", 9_007_199_254_740_992), ("3.4028235e38", Float.greatestFiniteMagnitude),
      ("1." + String(repeating: "0", count: 1000) + "1", 1), ("1" + String(repeating: "0", count: 38), 1e38),
      ("0." + String(repeating: "0", count: 44) + "14", .leastNonzeroMagnitude),
    ] as [(String, Float)] {
      #expect(harness.decode("{\"x\":{\"a\":\(text)}}") == .example, "\(text)")
      #expect(harness.numbers[0].bitPattern == value.bitPattern, "\(text): \(harness.numbers[0])")
    }
    for text in ["1e999", "1E400", "-1e999", "3.5e38", String(repeating: "9", count: 1000)] {
      #expect(harness.decode("{\"x\":{\"a\":\(text)}}") == .rejected(.overflow, field: "a"), "\(text)")
    }
  }
}
