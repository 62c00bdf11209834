import Ingest
import Pipelines
import Tensors
import Testing
import Vocabulary

@Suite("Ranges of labels")
struct LabelRangeTests {
  private static func schema(_ outside: FeatureSettings.OutOfRange = .clip) -> FeatureSchema {
    var schema = FeatureSchema(
      label: LabelSettings(path: "y"), features: [FeatureSettings(name: "a", type: .float)])
    schema.label.clip = -60...600.5
    schema.label.outOfRange = outside
    return schema
  }

  private static let ways = RecordDecoder.implementations.flatMap { name in
    [false, true].map { RecordDecoder.Way(implementation: name, byTokens: $0) }
  }

  private static func notices(_ decoder: RecordDecoder) -> [FieldCode] {
    var codes: [FieldCode] = []
    decoder.marks.forEach { codes.append(FieldCode(field: $0, $1)) }
    return codes
  }

  @Test(
    "a label outside becomes the nearest bound, and is counted as clipped; one inside stays what it is",
    arguments: ways,
    [
      ("600.5", 600.5, false), ("601", 600.5, true), ("1e15", 600.5, true), ("-1e300", -60, true), ("-60", -60, false),
      ("-60.00001", -60, true), ("0.1", 0.1, false),
    ] as [(String, Float, Bool)])
  func clips(way: RecordDecoder.Way, label: (text: String, value: Float, isClipped: Bool)) {
    let harness = DecoderHarness(Self.schema(), task: .regression, way: way)
    #expect(harness.decode(#"{"a":1,"y":\#(label.text)}"#) == .example)
    #expect(harness.label == label.value)
    #expect(Self.notices(harness.decoder) == (label.isClipped ? [FieldCode(field: 1, .clipped)] : []))
  }

  @Test("what no double holds is no label, and what is no number neither", arguments: ways)
  func refuses(way: RecordDecoder.Way) {
    let harness = DecoderHarness(Self.schema(), task: .regression, way: way)
    for label in ["1e999", "-1e999", "\"7\"", "true", "[1]"] {
      #expect(harness.decode(#"{"a":1,"y":\#(label)}"#) == .rejected(.badLabel, field: "y"), "\(label)")
    }
    #expect(harness.decode(#"{"a":1}"#) == .example)
    #expect(harness.label.isNaN)
  }

  @Test("with out_of_range: reject the record is refused, with the value", arguments: ways)
  func rejects(way: RecordDecoder.Way) {
    let harness = DecoderHarness(Self.schema(.reject), task: .regression, way: way)
    #expect(harness.decode(#"{"a":1,"y":600.5}"#) == .example)
    #expect(harness.decode(#"{"a":1,"y":1e15}"#) == .rejected(.outOfRange, field: "y"))
    #expect(harness.decoder.rejectedValue == "1e15")
  }

  @Test("a label that is spelled is clipped too, and a count below 0 is one only where the range says so")
  func others() {
    var schema = Self.schema()
    schema.coerce = true
    let spelled = DecoderHarness(schema, task: .regression)
    #expect(spelled.decode(#"{"a":1,"y":" 1e15 "}"#) == .example)
    #expect(spelled.label == 600.5)
    var head = HeadSettings(name: "n", label: LabelSettings(path: "y"), task: .regression)
    head.loss = LossSettings(kind: .poisson)
    #expect(label(head) == nil)
    head.label.clip = 0...9
    #expect(label(head) == 0)
  }

  private func label(_ head: HeadSettings) -> Float? {
    let schema = FeatureSchema(label: head.label, features: [FeatureSettings(name: "a", type: .float)])
    let decoder = RecordDecoder(schema: schema, heads: [head], recordBytesMax: 1000)
    let batch = FeatureBatch(capacity: 1, numberCount: 1, categoryCount: 0, labelCount: 1)
    var time = 0.0
    let outcome = withUnsafeMutablePointer(to: &time) { time in
      Array(#"{"a":1,"y":-3}"#.utf8).withUnsafeBytes {
        decoder.decode($0, into: ExampleSlot(row: 0, of: batch, eventTime: time))
      }
    }
    return outcome == .example ? batch.labels[0] : nil
  }
}
