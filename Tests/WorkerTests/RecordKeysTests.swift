import Ingest
import Pipelines
import Tensors
import Testing
import Vocabulary
import Worker

@Suite("Examples from records")
struct RecordKeysTests {
  private func near(_ path: String, in record: String, used: Set<String> = []) -> [String]? {
    Array(record.utf8).withUnsafeBytes { RecordKeys($0)?.near(path, except: used) }
  }

  @Test("another case, another place, another mark and a slip of the finger are near; what is declared is not")
  func near() {
    #expect(near("A", in: #"{"a":1,"c":2}"#, used: ["c"]) == ["a"])
    #expect(near("distance", in: #"{"x":{"distance":1}}"#) == ["x.distance"])
    #expect(near("x.dep_delay", in: #"{"x":{"depDelay":1,"other":2}}"#) == ["x.depDelay"])
    #expect(near("x.carrier", in: #"{"x":{"carreir":1,"origin":2}}"#) == ["x.carreir"])
    #expect(near("price", in: #"{"quantity":1,"id":2}"#) == [])
    #expect(near("a", in: #"{"b":1}"#) == [])
    #expect(near("price", in: #"{"Price":1}"#, used: ["Price"]) == [])
    #expect(near("a", in: "[1]") == nil)
    #expect(near("x.a", in: #"{"x.a":1,"c":2}"#) == [#"x\.a"#])
    #expect(near(#"x\.a"#, in: #"{"x":{"a":1}}"#) == ["x.a"])
  }

  @Test("a record whose texts take long to compare is not taken apart, plain or escaped")
  func hostile() {
    for mark in ["\u{301}", #"\u0301"#] {
      #expect(near("a", in: #"{"A":1,"e"# + String(repeating: mark, count: 30) + #"":2}"#) == ["A"])
      #expect(near("a", in: #"{"A":1,"e"# + String(repeating: mark, count: 31) + #"":2}"#) == nil)
    }
  }

  private func example(of record: String, _ reason: RejectReason, field: Int?, value: String? = nil) -> String? {
    let examples = FieldExamples()
    var search = ExampleSearch(
      fields: [DeclaredField(name: "price", path: "x.price", isFeature: true)], examples: examples)
    Array(record.utf8).withUnsafeBytes {
      for _ in 0..<3 {
        search.noteRejected(reason, field: field, value: value, $0, partition: 2, offset: 4711, topic: "flights")
      }
    }
    let news = examples.takeNews()
    #expect(news.count == 1)
    return news.first?.text
  }

  @Test("a category outside the known values is kept as an example, once, with the known one that is near")
  func stranger() {
    var origin = FeatureSettings(name: "origin", path: "x.origin", type: .category)
    origin.values = ["Ewr", "Jfk"]
    let schema = FeatureSchema(label: LabelSettings(path: "y"), features: [origin])
    let heads = [HeadSettings(name: "", label: schema.label, task: .binary)]
    let decoder = RecordDecoder(schema: schema, heads: heads, recordBytesMax: 1000)
    let examples = FieldExamples()
    var search = ExampleSearch(fields: DeclaredField.all(schema, heads: heads), examples: examples)
    let batch = FeatureBatch(capacity: 1, numberCount: 0, categoryCount: 1)
    var time = Double.nan
    for record in [#"{"x":{"origin":"Ewr"}}"#, #"{"x":{"origin":"EWR"}}"#, #"{"x":{"origin":"LGA"}}"#] {
      Array(record.utf8).withUnsafeBytes { bytes in
        withUnsafeMutablePointer(to: &time) { time in
          #expect(decoder.decode(bytes, into: ExampleSlot(row: 0, of: batch, eventTime: time)) == .example)
        }
        search.noteKept(decoder.marks, bytes)
      }
    }
    #expect(
      examples.takeNews() == [FieldExample(code: FieldCode(field: 0, .unknown), text: "\"EWR\" (near it: Ewr)")])
  }

  @Test("a rejection's example is the value as it stands in the record, and its place; once a reason")
  func values() {
    #expect(example(of: #"{"x":{"price":"1.28"}}"#, .wrongType, field: 0) == #""1.28" at flights/2@4711"#)
    #expect(example(of: #"{"x":{}}"#, .missingField, field: 0) == "absent at flights/2@4711")
    #expect(example(of: "{\"x\":\n oops", .malformed, field: nil) == #"{"x":· oops at flights/2@4711"#)
    // No double holds it, so no other reader gives it back.
    #expect(example(of: #"{"x":{"price":1e999}}"#, .overflow, field: 0, value: "1e999") == "1e999 at flights/2@4711")
    #expect(example(of: "", .malformed, field: nil) == "nothing at flights/2@4711")
    let long = example(of: #"{"x":{"price":"\#(String(repeating: "9", count: 500))"}}"#, .wrongType, field: 0)
    #expect(long?.count == 60 + " at flights/2@4711".count)
  }
}
