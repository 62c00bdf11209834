import Ingest
import Pipelines
import Tensors
import Testing
import Vocabulary

@Suite("Weights of records")
struct RecordWeightTests {
  private static func decode(_ text: String, coerce: Bool = false) -> (outcome: DecodeOutcome, weight: Float) {
    var schema = FeatureSchema(label: LabelSettings(path: "y"), features: [FeatureSettings(name: "a", type: .float)])
    schema.weight = "w.n"
    schema.coerce = coerce
    let decoder = RecordDecoder(schema: schema, task: .binary, recordBytesMax: 1000)
    let batch = FeatureBatch(capacity: 2, numberCount: 1, categoryCount: 0, weighsRecords: true)
    var time = 0.0
    let outcome = withUnsafeMutablePointer(to: &time) { time in
      Array(text.utf8).withUnsafeBytes { decoder.decode($0, into: ExampleSlot(row: 1, of: batch, eventTime: time)) }
    }
    #expect(batch.weights?[0] == 1)
    return (outcome, batch.weights?[1] ?? .nan)
  }

  @Test(
    "a weight is a number of 0 to a million, and 1 where there is none",
    arguments: [
      (#"{"w":{"n":2}}"#, 2), (#"{"w":{"n":0}}"#, 0), (#"{"w":{"n":0.3}}"#, 0.3), (#"{"w":{"n":1e6}}"#, 1e6),
      (#"{"a":1}"#, 1), (#"{"w":{"n":null}}"#, 1), (#"{"w":{"n":5,"n":null}}"#, 1), (#"{"w":{}}"#, 1),
    ])
  func taken(text: String, weight: Float) {
    let found = Self.decode(text)
    #expect(found.outcome == .example && found.weight == weight)
  }

  @Test(
    "any other rejects the record, and is named",
    arguments: [
      (#"{"w":{"n":-1}}"#, .outOfRange), (#"{"w":{"n":1000000.5}}"#, .outOfRange), (#"{"w":{"n":1e30}}"#, .outOfRange),
      (#"{"w":{"n":1e999}}"#, .outOfRange), (#"{"w":{"n":"2"}}"#, .wrongType), (#"{"w":{"n":true}}"#, .wrongType),
      (#"{"w":{"n":[1]}}"#, .wrongType), (#"{"w":3}"#, .wrongType),
    ] as [(String, RejectReason)])
  func refused(text: String, reason: RejectReason) {
    #expect(Self.decode(text).outcome == .rejected(reason, field: "w.n"))
  }

  @Test("a text counts as the number that it spells where the schema coerces")
  func coerced() {
    #expect(Self.decode(#"{"w":{"n":" 2.5 "}}"#, coerce: true).weight == 2.5)
    #expect(Self.decode(#"{"w":{"n":"NaN"}}"#, coerce: true).weight == 1)
    #expect(Self.decode(#"{"w":{"n":"-2"}}"#, coerce: true).outcome == .rejected(.outOfRange, field: "w.n"))
    #expect(Self.decode(#"{"w":{"n":"inf"}}"#, coerce: true).outcome == .rejected(.outOfRange, field: "w.n"))
  }

  @Test("the ring hands weights on with their records")
  func ring() {
    let buffer = PartitionBuffer(
      partition: 0, capacity: 4, numberCount: 1, categoryCount: 0, weighsRecords: true, nextOffset: 0)
    let batch = FeatureBatch(capacity: 8, numberCount: 1, categoryCount: 0, weighsRecords: true)
    var expected: [Float] = []
    for offset in 0..<7 {
      guard let slot = buffer.beginSlot() else {
        Issue.record("the ring is full")
        return
      }
      slot.labels.pointee = 1
      slot.weight?.pointee = Float(offset) / 2
      #expect(buffer.commitExample(offset: Int64(offset)))
      expected.append(Float(offset) / 2)
      _ = buffer.take(upTo: 1, into: batch)
    }
    #expect((0..<7).map { batch.weights?[$0] ?? -1 } == expected)
  }
}
