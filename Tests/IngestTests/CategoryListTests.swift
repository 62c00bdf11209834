import Ingest
import Pipelines
import Tensors
import Testing
import Vocabulary

@Suite("Lists of categories")
struct CategoryListTests {
  private static let none = FeatureBatch.noCategory

  /// Columns: one before, three of the list (known values a, b, 7 have rows 1, 2, 3), one behind.
  private static func decode(_ text: String) -> (outcome: DecodeOutcome, columns: [UInt32]) {
    func category(_ name: String, values: [String]) -> FeatureSettings {
      var feature = FeatureSettings(name: name, type: .category)
      (feature.values, feature.unknown, feature.buckets) = (values, .reject, 8)
      return feature
    }
    var list = category("tags", values: ["a", "b", "7"])
    list.valuesMax = 3
    let schema = FeatureSchema(
      label: LabelSettings(path: "y"),
      features: [category("before", values: ["x"]), list, category("behind", values: ["x"])])
    let decoder = RecordDecoder(schema: schema, task: .binary, recordBytesMax: 1000)
    #expect(decoder.categoryCount == 5)
    let batch = FeatureBatch(capacity: 1, numberCount: 0, categoryCount: 5)
    for column in 0..<5 { batch.categories[column] = 99 }
    var time = 0.0
    let outcome = withUnsafeMutablePointer(to: &time) { time in
      Array(text.utf8).withUnsafeBytes { decoder.decode($0, into: ExampleSlot(row: 0, of: batch, eventTime: time)) }
    }
    return (outcome, (0..<5).map { batch.categories[$0] })
  }

  @Test(
    "have a column a value, and what is not used holds none",
    arguments: [
      (#"{"before":"x","tags":["b","a"],"behind":"x"}"#, [1, 2, 1, none, 1]),
      (#"{"before":"x","tags":["b",7,"b"],"behind":"x"}"#, [1, 2, 3, 2, 1]),
      (#"{"tags": [ null , "a" ] }"#, [0, 1, none, none, 0]),
      (#"{"tags":[],"behind":"x"}"#, [0, none, none, none, 1]),
      (#"{"tags":"b"}"#, [0, 2, none, none, 0]),
      (#"{"tags":["a","b"],"tags":["b"]}"#, [0, 2, none, none, 0]),
      (#"{"before":"x"}"#, [1, 0, none, none, 0]), (#"{"tags":null}"#, [0, 0, none, none, 0]),
      (#"{"tags":["\u0061","b"]}"#, [0, 1, 2, none, 0]),
    ])
  func columns(text: String, expected: [UInt32]) {
    let found = Self.decode(text)
    #expect(found.outcome == .example)
    #expect(found.columns == expected)
  }

  @Test(
    "reject the record where one value is wrong, or there are too many",
    arguments: [
      (#"{"tags":["a","b","a","b"]}"#, RejectReason.outOfRange, "tags"),
      (#"{"tags":["a",true]}"#, .wrongType, "tags"), (#"{"tags":["a",1.5]}"#, .wrongType, "tags"),
      (#"{"tags":[["a"]]}"#, .wrongType, "tags"), (#"{"tags":["a",{"b":[1]}]}"#, .wrongType, "tags"),
      (#"{"tags":["z"]}"#, .unknownCategory, "tags"), (#"{"behind":["x"]}"#, .wrongType, "behind"),
    ])
  func rejected(text: String, reason: RejectReason, field: String) {
    #expect(Self.decode(text).outcome == .rejected(reason, field: field))
  }

  @Test(
    "that are no JSON make the record malformed",
    arguments: [#"{"tags":["a",]}"#, #"{"tags":["a" "b"]}"#, #"{"tags":["a"}"#, #"{"tags":[.5]}"#, #"{"tags":["a"]"#])
  func malformed(text: String) {
    #expect(Self.decode(text).outcome == .rejected(.malformed, field: nil))
  }
}
