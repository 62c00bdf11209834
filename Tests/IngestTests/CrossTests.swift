import Ingest
import Pipelines
import Tensors
import Testing
import Vocabulary

private let ways = RecordDecoder.implementations.flatMap { name in
  [false, true].map { RecordDecoder.Way(implementation: name, byTokens: $0) }
}

@Suite("Crosses")
struct CrossTests {
  private static let state = "{ name: state, path: x.s, type: category, own_rows: 0 }"
  private static let time = "{ name: at, type: timestamp, parts: [weekday, hour] }"
  private static let both = "{ name: both, type: cross, of: [state, at.hour], buckets: 1000001, own_rows: 0 }"

  private static func schema(_ features: String...) throws -> FeatureSchema {
    try PipelineParser.parse(
      text: """
        name: crossed
        source: { topic: t }
        schema: { label: { path: y }, features: [\(features.joined(separator: ", "))] }
        model: { task: binary }
        """, fileName: "crossed.yaml"
    ) { _ in nil }.schema
  }

  /// The last column: the cross, which is declared last.
  private static func row(_ schema: FeatureSchema, _ record: String, way: RecordDecoder.Way = RecordDecoder.Way())
    -> UInt32?
  {
    let harness = DecoderHarness(schema, way: way)
    return harness.decode(record) == .example ? harness.categories.last : nil
  }

  private static func record(_ state: String, hour: Int, minute: Int = 0) -> String {
    #"{"x":{"s":"\#(state)"},"at":"2024-05-06T\#(hour < 10 ? "0" : "")\#(hour):\#(minute < 10 ? "0" : "")\#(minute):00Z"}"#
  }

  @Test("have a row for each two values, whatever else the record holds", arguments: ways)
  func pairs(way: RecordDecoder.Way) throws {
    let schema = try Self.schema(Self.state, Self.time, Self.both)
    let harness = DecoderHarness(schema, way: way)
    var rows: Set<UInt32> = []
    for state in ["TX", "AL", "WY", "é"] {
      for hour in 0..<24 {
        #expect(harness.decode(Self.record(state, hour: hour, minute: hour)) == .example)
        let row = try #require(harness.categories.last)
        rows.insert(row)
        harness.decode(Self.record(state == "é" ? "e\u{301}" : state, hour: hour, minute: 59))
        #expect(harness.categories.last == row)
      }
    }
    #expect(rows.count == 96 && !rows.contains(0))
  }

  @Test(
    "are of what their members say, and not of the rows that they have it in",
    arguments: [
      "{ name: state, path: x.s, type: category, own_rows: 100 }",
      "{ name: state, path: x.s, type: category, buckets: 2, own_rows: 0 }",
      "{ name: state, path: x.s, type: category, values: [AL, TX], buckets: 9, own_rows: 3 }",
      "{ name: state, path: x.s, type: category, values: [WY, TX], unknown: missing }",
    ])
  func values(state: String) throws {
    let (plain, other) = (
      try Self.schema(Self.state, Self.time, Self.both), try Self.schema(Self.time, state, Self.both)
    )
    let record = Self.record("TX", hour: 7)
    #expect(Self.row(plain, record) == Self.row(other, record))
  }

  @Test("are absent where a member is, or where it is none of the values that are known")
  func absent() throws {
    let known = "{ name: state, path: x.s, type: category, values: [TX], unknown: missing }"
    let schema = try Self.schema(known, Self.time, Self.both)
    for record in [#"{"x":{"s":"TX"}}"#, #"{"at":1700000000}"#, #"{}"#, Self.record("ZZ", hour: 3)] {
      #expect(Self.row(schema, record) == 0, "\(record)")
    }
    #expect(Self.row(schema, Self.record("TX", hour: 3)) != 0)
    // One record leaves nothing to the next.
    let harness = DecoderHarness(schema)
    harness.decode(Self.record("TX", hour: 3))
    harness.decode(#"{"at":1700000000}"#)
    #expect(harness.categories.last == 0)
    let refused = DecoderHarness(
      try Self.schema("{ name: state, path: x.s, type: category, values: [TX], unknown: reject }", Self.time, Self.both)
    )
    #expect(refused.decode(Self.record("ZZ", hour: 3)) == .rejected(.unknownCategory, field: "state"))
  }

  @Test("take numbers and truths as they are once they are read and clipped")
  func numbers() throws {
    let schema = try Self.schema(
      "{ name: n, type: float, clip: [-5, 9] }", "{ name: b, type: bool, missing: 1 }", Self.state,
      "{ name: both, type: cross, of: [b, state, n], buckets: 1000001, own_rows: 0 }")
    func row(_ number: String, _ more: String = #","b":true"#) -> UInt32? {
      Self.row(schema, #"{"x":{"s":"TX"},"n":\#(number)\#(more)}"#)
    }
    let nine = try #require(row("9"))
    for number in ["9.0", "9e0", "700", "9.0000000001"] { #expect(row(number) == nine) }
    #expect(row("9", "") == nine)
    #expect(row("9", #","b":false"#) != nine && row("8") != nine)
    #expect(row("0") == row("-0.0"))
    #expect(row("null") == 0)
  }

  @Test("give their hashes where they have rows of their own")
  func ownRows() throws {
    let own = try Self.schema(
      Self.state, Self.time, "{ name: both, type: cross, of: [state, at.hour], buckets: 1000001, own_rows: 9 }")
    let plain = try Self.schema(Self.state, Self.time, Self.both)
    let harness = DecoderHarness(own)
    #expect(harness.decode(Self.record("TX", hour: 7)) == .example)
    let columns = harness.categories.suffix(2)
    let hash = UInt64(columns.last ?? 0) << 32 | UInt64(columns.first ?? 0)
    #expect(hash >> 32 != 0)
    #expect(UInt32(1 + hash % 1_000_000) == Self.row(plain, Self.record("TX", hour: 7)))
    harness.decode("{}")
    #expect(Array(harness.categories.suffix(2)) == [0, 0])
  }

  @Test("are no field of a record: they are neither missing nor counted")
  func notes() throws {
    let schema = try Self.schema(Self.state, Self.time, Self.both)
    let harness = DecoderHarness(schema)
    let record = #"{"x":{"s":"TX"}}"#
    #expect(harness.decode(record) == .example)
    var missing: [Int] = []
    harness.decoder.marks.forEachMissing { missing.append($0) }
    #expect(missing.filter { $0 < 3 } == [1])
    let notes = RecordNotes(schema)
    let told = Array(record.utf8).withUnsafeBytes { notes.sentences(harness.decoder.marks, record: $0) }
    #expect(told.first?.hasPrefix("1 of 2 features found; absent: at") == true, "\(told)")
    harness.decode("{}")
    #expect(notes.foundNone(harness.decoder.marks))
  }
}
