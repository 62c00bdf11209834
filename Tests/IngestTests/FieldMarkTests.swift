import Ingest
import Pipelines
import Tensors
import Testing
import Vocabulary

@Suite("Field marks")
struct FieldMarkTests {
  private let schema: FeatureSchema = {
    var price = FeatureSettings(name: "price", path: "x.price", type: .float)
    price.clip = 0...10
    var kind = FeatureSettings(name: "kind", type: .category)
    kind.values = ["a", "b"]
    var list = FeatureSettings(name: "tags", type: .category)
    list.values = ["a"]
    list.valuesMax = 4
    return FeatureSchema(label: LabelSettings(path: "y"), features: [price, kind, list])
  }()

  /// What became of each field, as `price missing`, and the place that a rejection names.
  private func decode(_ records: String...) -> (notices: [String], rejected: Int?) {
    let heads = [HeadSettings(name: "", label: schema.label, task: .binary)]
    let decoder = RecordDecoder(schema: schema, heads: heads, recordBytesMax: 1 << 16)
    let fields = DeclaredField.all(schema, heads: heads)
    let buffer = PartitionBuffer(
      partition: 0, capacity: 8, numberCount: 1, categoryCount: decoder.categoryCount, fieldCount: fields.count,
      nextOffset: 0)
    for (offset, record) in records.enumerated() {
      guard let slot = buffer.beginSlot() else { continue }
      switch Array(record.utf8).withUnsafeBytes({ decoder.decode($0, into: slot) }) {
      case .example: buffer.commitExample(offset: Int64(offset), marks: decoder.marks)
      case .rejected(let reason, _):
        buffer.commitRejected(offset: Int64(offset), reason: reason, field: decoder.rejectedField)
      }
    }
    let tally = FieldTally(fieldCount: fields.count)
    let batch = FeatureBatch(capacity: 8, numberCount: 1, categoryCount: decoder.categoryCount)
    _ = buffer.take(upTo: 8, into: batch, tally: tally)
    let notices = tally.codes.sorted().map { code in
      "\(code.field.map { fields[$0].name } ?? "record") \(code.notice.name) \(tally.count(of: code))"
    }
    return (notices, decoder.rejectedField)
  }

  @Test("a whole record has none")
  func clean() {
    #expect(decode(#"{"x":{"price":1},"kind":"a","tags":["a"],"y":1}"#).notices.isEmpty)
  }

  @Test("absent, clipped and unknown values are marked with their field, each record once")
  func marked() {
    #expect(
      decode(
        #"{"x":{"price":11},"kind":"c","tags":["u","v","w"],"y":1}"#,
        #"{"x":{"price":null},"kind":"a","tags":["a"],"y":1}"#,
        #"{"kind":"a","y":0}"#
      ).notices == [
        "price missing 2", "price clipped 1", "kind unknown 1", "tags missing 1", "tags unknown 1",
      ])
  }

  @Test("an absent label is marked as missing")
  func label() { #expect(decode(#"{"x":{"price":1},"kind":"a","tags":"a"}"#).notices == ["y missing 1"]) }

  @Test("a rejection names its field, and what else happened in the record is not counted")
  func rejected() {
    let (notices, place) = decode(#"{"x":{"price":"1.28"},"kind":"c","y":1}"#)
    #expect(notices == ["price wrong_type 1"] && place == 0)
    #expect(decode(#"{"x":{"price":1},"kind":"a","tags":"a","y":7}"#).rejected == 3)
    #expect(decode("nothing").notices == ["record malformed 1"])
  }
}
