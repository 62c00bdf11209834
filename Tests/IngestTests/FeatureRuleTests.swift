import Foundation
import Ingest
import Pipelines
import Testing
import Vocabulary

@Suite("Rules of a field")
struct FeatureRuleTests {
  /// What `a` becomes: the number, or the reason.
  private func number(_ value: String, _ schema: FeatureSchema) -> (Float?, RejectReason?) {
    let harness = DecoderHarness(schema)
    let outcome = harness.decode(value.isEmpty ? "{}" : "{\"a\":\(value)}")
    if case .rejected(let reason, let field) = outcome {
      #expect(field == "a")
      return (nil, reason)
    }
    return (harness.numbers[0], nil)
  }

  @Test("outside its range a number is clipped, and counted")
  func clip() {
    let harness = DecoderHarness(.one(.float) { $0.clip = -1.5...2 })
    for (text, value) in [("-1.5", -1.5), ("2", 2), ("2.0000001", 2), ("-9", -1.5), ("1e300", 2), ("-1e38", -1.5)] {
      #expect(harness.decode("{\"a\":\(text)}") == .example)
      #expect(harness.numbers[0] == Float(value))
    }
    #expect(harness.decoder.counters == [DecodeCounters.of("a", clipped: 4)])
  }

  @Test("or rejected")
  func reject() {
    let schema = FeatureSchema.one(.float) {
      $0.clip = 0...1
      $0.outOfRange = .reject
    }
    #expect(number("0.5", schema) == (0.5, nil))
    #expect(number("1", schema) == (1, nil))
    #expect(number("1.5", schema) == (nil, .outOfRange))
    #expect(number("-1e300", schema) == (nil, .outOfRange))
    #expect(number("1e400", schema) == (nil, .overflow))
  }

  @Test("an absent number becomes NaN, a value, or a rejection")
  func missing() {
    #expect(number("", .one(.float)).0?.isNaN == true)
    #expect(number("null", .one(.float)).0?.isNaN == true)
    #expect(number("", .one(.float) { $0.missing = .value(7) }) == (7, nil))
    #expect(number("null", .one(.float) { $0.missing = .reject }) == (nil, .missingField))
    let harness = DecoderHarness(.one(.float) { $0.missing = .value(7) })
    harness.decode("{}")
    harness.decode(#"{"a":null}"#)
    harness.decode(#"{"a":1}"#)
    #expect(harness.decoder.counters == [DecodeCounters.of("a", imputed: 2)])
  }

  @Test("a bool is true, false, 1 or 0")
  func bool() {
    #expect(number("true", .one(.bool)) == (1, nil))
    #expect(number("false", .one(.bool)) == (0, nil))
    #expect(number("1", .one(.bool)) == (1, nil))
    #expect(number("0.0", .one(.bool)) == (0, nil))
    #expect(number("2", .one(.bool)) == (nil, .wrongType))
    #expect(number("\"true\"", .one(.bool)) == (nil, .wrongType))
    #expect(number("null", .one(.bool)).0?.isNaN == true)
  }

  @Test(
    "a timestamp is epoch seconds or ISO 8601",
    arguments: [
      ("0", 0), ("1.5", 1.5), (#""1970-01-02""#, 86400), (#""1970-01-01T00:01""#, 60),
      (#""1970-01-01 00:00:01.25""#, 1.25),
      (#""1970-01-01T01:00:00Z""#, 3600), (#""1970-01-01T01:00:00+01:00""#, 0), (#""1970-01-01T00:00:00-0130""#, 5400),
      (#""1970-01-01T00:00:00+02""#, -7200), (#""1972-02-29T24:00""#, 68_256_000), (#""1969-12-31T23:59:59Z""#, -1),
      (#""2000-02-29T12:34:56,5z""#, 951_827_696.5),
    ])
  func timestamp(text: String, seconds: Double) {
    #expect(number(text, .one(.timestamp) { $0.origin = 0 }) == (Float(seconds), nil))
  }

  @Test(
    "and nothing like it",
    arguments: [
      "", "2013", "2013-1-1", "2013-02-29", "1900-02-29", "2013-13-01", "2013-00-10", "2013-01-00", "2013-01-01T",
      "2013-01-01T25:00", "2013-01-01T24:01", "2013-01-01T10:60", "2013-01-01T10:00:61", "2013-01-01T10:00:00.",
      "2013-01-01T10:00:00+25", "2013-01-01T10:00Zx", "2013-01-01T10:00+01:0", "20130101", "today",
    ])
  func noTimestamp(text: String) {
    #expect(number("\"\(text)\"", .one(.timestamp)) == (nil, .wrongType))
  }

  @Test("an event time is kept to the fraction")
  func eventTime() {
    let harness = DecoderHarness()
    harness.decode(#"{"t":1357036140.125}"#)
    #expect(harness.eventTime == 1_357_036_140.125)
    harness.decode(#"{"t":"2013-01-01T10:29:00.125Z"}"#)
    #expect(harness.eventTime == 1_357_036_140.125)
    #expect(harness.decode(#"{"t":"9999-12-31T23:59:59Z"}"#) == .example)
  }

  @Test("known categories have rows of their own, and unknown ones what the schema says")
  func categories() {
    func bucketOf(_ value: String, _ unknown: FeatureSettings.UnknownCategory) -> (UInt32?, DecodeCounters) {
      let harness = DecoderHarness(
        .one(.category) {
          $0.values = ["x", "y", "z"]
          $0.buckets = 10
          $0.unknown = unknown
        })
      let outcome = harness.decode("{\"a\":\(value)}")
      return (outcome == .example ? harness.categories[0] : nil, harness.decoder.counters[0])
    }
    for unknown in FeatureSettings.UnknownCategory.allCases {
      #expect(bucketOf(#""x""#, unknown) == (1, .of("a")))
      #expect(bucketOf(#""\u007a""#, unknown) == (3, .of("a")))
      #expect(bucketOf("null", unknown) == (0, .of("a", imputed: 1)))
    }
    #expect(bucketOf(#""w""#, .missing) == (0, .of("a", unknown: 1)))
    #expect(bucketOf(#""w""#, .reject) == (nil, .of("a", unknown: 1)))
    for value in (0..<200).map({ "\"new\($0)\"" }) {
      let (bucket, counters) = bucketOf(value, .hash)
      #expect(bucket.map { (4..<10).contains($0) } == true)
      #expect(counters == .of("a", unknown: 1))
    }
  }

  @Test("a category without known values is hashed into every row but the first")
  func hashed() {
    let harness = DecoderHarness(.one(.category) { $0.buckets = 4 })
    var seen: Set<UInt32> = []
    for value in 0..<100 {
      harness.decode("{\"a\":\"\(value)\"}")
      let text = harness.categories[0]
      harness.decode("{\"a\":\(value)}")
      #expect(harness.categories[0] == text, "\(value) and its text are one category")
      seen.insert(text)
    }
    #expect(seen == [1, 2, 3])
    harness.decode("{}")
    #expect(harness.categories == [0])
  }

  @Test("a class label becomes its index, a value label itself")
  func labels() {
    var schema = FeatureSchema.one(.float)
    schema.label.classes = ["on time", "late", "12"]
    let classes = DecoderHarness(schema, task: .multiclass)
    #expect(classes.decode(#"{"y":"late"}"#) == .example)
    #expect(classes.label == 1)
    #expect(classes.decode(#"{"y":12}"#) == .example)
    #expect(classes.label == 2)
    #expect(classes.decode(#"{"y":"early"}"#) == .rejected(.badLabel, field: "y"))
    #expect(classes.decode(#"{"y":true}"#) == .rejected(.badLabel, field: "y"))
    let values = DecoderHarness(.one(.float), task: .regression)
    #expect(values.decode(#"{"y":-12.5}"#) == .example)
    #expect(values.label == -12.5)
    for bad in ["1e39", "1e999", "\"1\"", "false", "{}"] {
      #expect(values.decode("{\"y\":\(bad)}") == .rejected(.badLabel, field: "y"))
    }
    #expect(values.decode("{}") == .example)
    #expect(values.label.isNaN)
  }

  @Test("values that come alone obey the same rules")
  func singleValues() {
    let harness = DecoderHarness()
    let decoder = harness.decoder
    #expect(decoder.decode(number: 9000, column: 0, into: harness.slot) == .example)
    #expect(decoder.decode(number: nil, column: 1, into: harness.slot) == .example)
    #expect(harness.numbers[0] == 6000)
    #expect(harness.numbers[1].isNaN)
    #expect(decoder.decode(number: .infinity, column: 0, into: harness.slot) == .rejected(.overflow, field: "distance"))
    #expect(decoder.decode(number: 1e39, column: 1, into: harness.slot) == .rejected(.overflow, field: "wind"))
    #expect(decoder.decode(category: "JFK", column: 1, into: harness.slot) == .example)
    #expect(decoder.decode(category: nil, column: 0, into: harness.slot) == .example)
    #expect(harness.categories == [0, 2])
    #expect(decoder.decode(category: "", column: 0, into: harness.slot) == .example)
    #expect(harness.categories[0] == bucket(ofCategory: "", buckets: 64))
    let flag = DecoderHarness(.one(.bool))
    #expect(flag.decoder.decode(number: 0.5, column: 0, into: flag.slot) == .rejected(.wrongType, field: "a"))
  }

  @Test("the hash of a category is XXH64, for ever")
  func hash() {
    #expect(hashCategory("") == 0xEF46_DB37_51D8_E999)
    #expect(hashCategory("a") == 0xD24E_C4F1_A98C_6E5B)
    #expect(hashCategory("abc") == 0x44BC_2CF5_AD77_0999)
    #expect(hashCategory("Nobody inspects the spammish repetition") == 0xFBCE_A83C_8A37_8BF1)
  }
}

extension DecodeCounters {
  static func of(_ feature: String, clipped: Int64 = 0, imputed: Int64 = 0, unknown: Int64 = 0) -> DecodeCounters {
    DecodeCounters(feature: feature, clipped: clipped, imputed: imputed, unknown: unknown)
  }
}
