import Ingest
import Pipelines
import Tensors
import Testing
import Vocabulary

@Suite("Labels of several heads")
struct HeadLabelTests {
  private static let heads: [HeadSettings] = {
    var count = HeadSettings(name: "bags", label: LabelSettings(path: "y.bags"), task: .regression)
    count.loss = LossSettings(kind: .poisson)
    var lower = HeadSettings(name: "p10", label: LabelSettings(path: "y.minutes"), task: .regression)
    lower.loss = LossSettings(kind: .quantile)
    return [
      HeadSettings(name: "probability", label: LabelSettings(path: "y.late"), task: .binary),
      HeadSettings(
        name: "kind", label: LabelSettings(path: "y.kind", classes: ["early", "late"]), task: .multiclass),
      HeadSettings(name: "minutes", label: LabelSettings(path: "y.minutes"), task: .regression), lower, count,
    ]
  }()

  private static func decode(_ text: String) -> (outcome: DecodeOutcome, labels: [Float]) {
    let schema = FeatureSchema(
      label: heads[0].label, features: [FeatureSettings(name: "a", type: .float)])
    let decoder = RecordDecoder(schema: schema, heads: heads, recordBytesMax: 1000)
    let batch = FeatureBatch(capacity: 2, numberCount: 1, categoryCount: 0, labelCount: decoder.labelCount)
    batch.labels.update(repeating: -1, count: 10)
    var time = 0.0
    let outcome = withUnsafeMutablePointer(to: &time) { time in
      Array(text.utf8).withUnsafeBytes { decoder.decode($0, into: ExampleSlot(row: 1, of: batch, eventTime: time)) }
    }
    #expect((0..<5).allSatisfy { batch.labels[$0] == -1 })
    return (outcome, (5..<10).map { batch.labels[$0] })
  }

  @Test("each is read into its column, a path of two heads into both")
  func columns() {
    let found = Self.decode(#"{"a":1,"y":{"bags":3,"minutes":-2.5,"late":true,"kind":"late"}}"#)
    #expect(found.outcome == .example)
    #expect(found.labels == [1, 1, -2.5, -2.5, 3])
  }

  @Test("an absent or null one is absent for its head alone")
  func absent() {
    let found = Self.decode(#"{"a":1,"y":{"minutes":null,"late":0,"bags":0}}"#)
    #expect(found.outcome == .example)
    #expect(found.labels[0] == 0 && found.labels[4] == 0)
    #expect(found.labels[1...3].allSatisfy { $0.isNaN })
    #expect(Self.decode(#"{"a":1}"#).labels.allSatisfy { $0.isNaN })
  }

  @Test(
    "a bad one rejects the record and is named",
    arguments: [
      (#"{"y":{"late":1,"kind":"never"}}"#, "y.kind"), (#"{"y":{"late":1,"minutes":"5"}}"#, "y.minutes"),
      (#"{"y":{"late":1,"bags":-1}}"#, "y.bags"), (#"{"y":{"late":1,"minutes":1e39}}"#, "y.minutes"),
      (#"{"y":{"late":2,"minutes":1}}"#, "y.late"),
    ])
  func bad(text: String, field: String) {
    #expect(Self.decode(text).outcome == .rejected(.badLabel, field: field))
  }

  @Test("a ring hands all labels on, and counts a row as labelled by the first")
  func ring() {
    let buffer = PartitionBuffer(
      partition: 0, capacity: 3, numberCount: 1, categoryCount: 0, labelCount: 2, nextOffset: 0)
    let batch = FeatureBatch(capacity: 8, numberCount: 1, categoryCount: 0, labelCount: 2)
    for offset in 0..<6 {
      guard let slot = buffer.beginSlot() else {
        Issue.record("no slot")
        return
      }
      slot.numbers[0] = Float(offset)
      slot.labels[0] = offset % 2 == 0 ? Float(offset) : .nan
      slot.labels[1] = Float(10 * offset)
      buffer.commitExample(offset: Int64(offset))
      if offset % 2 == 1 {
        let take = buffer.take(upTo: 2, into: batch)
        #expect((take.valid, take.labelled) == (2, 1))
      }
    }
    #expect((0..<6).map { batch.labels[$0 * 2 + 1] } == [0, 10, 20, 30, 40, 50])
    #expect([0, 4, 8].map { batch.labels[$0] } == [0, 2, 4] && batch.labels[2].isNaN)
  }
}
