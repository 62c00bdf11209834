import Foundation
import Ingest
import Pipelines
import Testing
import Vocabulary

@Suite("A drafted pipeline")
struct PipelineDraftTests {
  private func draft(_ records: [String], label: String? = nil, name: String = "orders") throws -> String {
    func survey(_ label: FieldPath?) throws -> RecordSurvey {
      var survey = RecordSurvey(label: label)
      for record in records { try Array(record.utf8).withUnsafeBytes { try survey.take($0) } }
      return survey
    }
    let path = try PipelineDraft.label(of: survey(nil), named: label)
    return try PipelineDraft(of: survey(path), file: "orders.jsonl", name: name, topic: name, label: path).text
  }

  private func parse(_ text: String) throws -> Pipeline {
    try PipelineParser.parse(text: text, fileName: "draft.yaml") { _ in nil }
  }

  private func refusal(_ records: [String], label: String? = nil) -> String {
    do { return "no refusal: \(try draft(records, label: label))" } catch { return "\(error)" }
  }

  private static let orders = (0..<50).map { row in
    #"{"id":"o\#(row)","at":"2026-01-01T10:00:\#(10 + row % 50)Z","shop":"s\#(row % 3)","amount":\#(row).5,"#
      + #""y":{"late":\#(row % 2),"minutes":\#(row),"late_text":"\#(row % 2)"},"copy":\#(row % 2)}"#
  }

  @Test("names id, time, label and what else is known; what would tell the label is left out, and told")
  func whole() throws {
    let text = try draft(Self.orders, label: "y.late")
    let pipeline = try parse(text)
    #expect(pipeline.name == "orders" && pipeline.source.topic == "orders")
    #expect(pipeline.schema.id == "id" && pipeline.schema.eventTime == "at" && pipeline.schema.label.path == "y.late")
    #expect(pipeline.schema.features.map(\.name) == ["shop", "amount"])
    #expect(pipeline.schema.features.map(\.type) == [.category, .float])
    #expect(pipeline.model.preset == .best && pipeline.model.task == .binary)
    for told in [
      "# - y.minutes  # beside the label", "# - copy  # says the same as the label", "50 records of orders.jsonl",
    ] {
      #expect(text.contains(told), "\(told) in \(text)")
    }
  }

  @Test("the label's kind follows from its values")
  func kinds() throws {
    func records(_ label: (Int) -> String) -> [String] { (0..<40).map { #"{"a":\#($0),"label":\#(label($0))}"# } }
    #expect(try parse(draft(records { $0 % 2 == 0 ? "true" : "false" })).model.task == .binary)
    let named = try parse(draft(records { $0 % 2 == 0 ? #""yes""# : #""no""# }))
    #expect(named.model.task == .binary && named.schema.label.classes == ["no", "yes"])
    #expect(try parse(draft(records { #""c\#($0 % 5)""# })).schema.label.findsClasses)
    let number = try draft(records { "\($0 % 7)" })
    #expect(try parse(number).model.task == .regression && number.contains("For 7 classes instead of a number"))
    let text = try parse(draft(records { #""\#($0 % 2)""# }))
    #expect(text.schema.coerce && text.model.task == .binary)
    #expect(refusal(records { _ in "1" }).contains("is 1 in every record"))
    #expect(refusal(records { _ in "null" }).contains("null in every record"))
    #expect(
      refusal(records { #""t\#($0)""# } + (40..<90).map { #"{"a":1,"label":"t\#($0)"}"# }).contains("different texts"))
    #expect(refusal(records { $0 == 0 ? #""none""# : "\($0)" }).contains("something else in others"))
    #expect(refusal((0..<9).map { #"{"label":\#($0 % 2)}"# }).contains("nothing to learn from"))
  }

  @Test("says which fields there are where nobody says what is to be learned, and what a mistyped one may be")
  func labels() {
    #expect(refusal(Self.orders).contains("Say with --label which of its fields: id, at, shop, amount, y.late"))
    #expect(refusal(Self.orders, label: "y.minute").contains("did you mean `y.minutes`?"))
    #expect(refusal([#"{"a":1,"y":0,"label":1}"#]).contains("y, label could each be the label"))
  }

  @Test("quotes what YAML would read as something else, and tells two fields of one name apart by their paths")
  func scalars() throws {
    let keys = ["yes", "0x1", "a: b", "tab\\tkey", "quo\\\"te", "ünïcode", "# no", "- x", "dotted.key", "{z}"]
    let records = (0..<30).map { row in
      "{\"label\":\(row % 2)," + keys.map { "\"\($0)\":\(row)" }.joined(separator: ",")
        + ",\"p\":{\"same\":\(row)},\"q\":{\"same\":\(row)}}"
    }
    let pipeline = try parse(draft(records))
    let names = pipeline.schema.features.map(\.name)
    #expect(names.prefix(3) == ["yes", "0x1", "a: b"] && names.suffix(2) == ["p.same", "q.same"])
    #expect(pipeline.schema.features.first { $0.name == "dotted.key" }?.path == #"dotted\.key"#)
    #expect(pipeline.schema.features.count == keys.count + 2 - 1, "a key with a control character is no path")
  }

  @Test("of the flights in the repository every record is an example")
  func flights() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Pipelines/data")
    let handle = try FileHandle(forReadingFrom: folder.appending(path: "flights.jsonl.zst"))
    defer { try? handle.close() }
    let reader = LineReader(Decompressor { try handle.read(upToCount: 1 << 16).map { Array($0) } })
    var records: [String] = []
    while records.count < 3000, let record = try reader.withNext({ String(decoding: $0, as: UTF8.self) }) {
      records.append(record)
    }
    let pipeline = try parse(draft(records, label: "y.late15", name: "flights"))
    #expect(pipeline.schema.features.count == 23)
    let harness = DecoderHarness(pipeline.schema)
    #expect(records.allSatisfy { harness.decode(Array($0.utf8)) == .example })
  }

  @Test(
    "a pipeline is named after the file, as names of pipelines are",
    arguments: [
      ("orders.jsonl.zst", "orders"), ("My Orders_2026.csv", "my-orders-2026"), ("日本.csv", "stream"),
      ("-.csv", "stream"),
    ])
  func named(file: String, name: String) { #expect(PipelineDraft.name(from: file) == name) }
}
