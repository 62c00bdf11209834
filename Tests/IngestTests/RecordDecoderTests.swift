import Foundation
import Ingest
import Pipelines
import Testing
import Vocabulary

private let record =
  #"{"id":"f1","t":1357036140,"x":{"distance":1416,"carrier":"UA","wind":-17.26,"origin":"LGA"},"y":{"late15":1,"status":"late"},"t_y":1357051800}"#

/// What a record earns.
private struct Case: Sendable, CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]
  /// nil: it is an example.
  let reason: RejectReason?
  let field: String?

  init(_ name: String, _ text: String, _ reason: RejectReason?, _ field: String? = nil) {
    self.init(name, bytes: Array(text.utf8), reason, field)
  }

  init(_ name: String, bytes: [UInt8], _ reason: RejectReason?, _ field: String? = nil) {
    (self.name, self.bytes, self.reason, self.field) = (name, bytes, reason, field)
  }

  var testDescription: String { name }
}

/// The record with one text replaced.
private func with(_ old: String, _ new: String) -> String {
  precondition(record.contains(old), old)
  return record.replacingOccurrences(of: old, with: new)
}

private func bytes(_ old: String, _ new: [UInt8]) -> [UInt8] {
  let range = record.utf8.firstRange(of: old.utf8) ?? record.startIndex..<record.startIndex
  return Array(record.utf8[..<range.lowerBound]) + new + Array(record.utf8[range.upperBound...])
}

private let cases: [Case] = [
  Case("an ordinary record", record, nil),
  Case("missing fields", with(#""distance":1416,"carrier":"UA","#, ""), nil),
  Case(
    "an empty object of features", with(#"{"distance":1416,"carrier":"UA","wind":-17.26,"origin":"LGA"}"#, "{}"), nil),
  Case("no features at all", #"{"t":1,"y":{"late15":0}}"#, nil),
  Case("a null field", with("1416", "null"), nil),
  Case("null in place of all features", #"{"t":1,"x":null,"y":{"late15":0}}"#, nil),
  Case("an unknown field", with(#""wind""#, #""extra_1":"ü中😀","wind""#), nil),
  Case("an unseen category", with("UA", "zz_new_17"), nil),
  Case("CRLF", record + "\r", nil),
  Case("white space everywhere", " \t\r\n" + with(":", " : ").replacingOccurrences(of: ",", with: " ,\n") + " \n", nil),
  Case("a key that occurs twice", with(#""distance":"#, #""distance":-1,"distance":"#), nil),
  Case("no label", with(#"{"late15":1,"status":"late"}"#, "{}"), nil),
  Case("no object of labels", with(#""y":{"late15":1,"status":"late"},"#, ""), nil),
  Case("a null label", with(#""late15":1"#, #""late15":null"#), nil),
  Case("a denormal", with("1416", "5e-324"), nil),
  Case("a number of many digits", with("1416", "1416." + String(repeating: "0", count: 500) + "1"), nil),
  Case("more than an integer of double", with("-17.26", "9007199254740993"), nil),
  Case("1e38 without a range", with("-17.26", "1e38"), nil),
  Case("1e38 with a range", with("1416", "1e38"), nil),
  Case("beyond float with a range", with("1416", "-1.7e308"), nil),
  Case("beyond float without a range", with("-17.26", "3.5e38"), .overflow, "wind"),
  Case("1e999", with("1416", "1e999"), .overflow, "distance"),
  Case("-1e999", with("-17.26", "-1e999"), .overflow, "wind"),
  Case("a number as long as a field may be", with("-17.26", String(repeating: "1", count: 50_000)), .overflow, "wind"),
  Case("a million digits", with("-17.26", String(repeating: "1", count: 1_000_000)), .oversized),
  Case("a megabyte of text", with("UA", String(repeating: "A", count: 1_000_000)), .oversized),
  Case("a megabyte of spaces", record + String(repeating: " ", count: 1_000_000), .oversized),
  Case("the largest text that fits", with("UA", String(repeating: "A", count: 90_000)), nil),
  Case(
    "thousands of keys",
    with(#""wind""#, (0..<5000).map { "\"k\($0)\":\($0)," }.joined() + #""wind""#), nil),
  Case(
    "nesting of 128", with("\"f1\"", String(repeating: "[", count: 128) + String(repeating: "]", count: 128)), nil),
  Case(
    "nesting of 129", with("\"f1\"", String(repeating: "[", count: 129) + String(repeating: "]", count: 129)),
    .oversized),
  Case("nesting without an end", with("\"f1\"", String(repeating: "[", count: 40_000)), .oversized),
  Case("nesting of objects", with("\"f1\"", String(repeating: #"{"a":"#, count: 5000)), .oversized),
  Case("text for a number", with("1416", #""12.5""#), .wrongType, "distance"),
  Case("an empty text for a number", with("1416", #""""#), .wrongType, "distance"),
  Case("true for a number", with("1416", "true"), .wrongType, "distance"),
  Case("a list for a number", with("1416", "[1,2]"), .wrongType, "distance"),
  Case("an object for a number", with("1416", #"{"v":1}"#), .wrongType, "distance"),
  Case("a whole number for a category", with(#""UA""#, "42"), nil),
  Case("a fraction for a category", with(#""UA""#, "-1.5"), .wrongType, "carrier"),
  Case("true for a category", with(#""UA""#, "true"), .wrongType, "carrier"),
  Case("a list for a category", with(#""UA""#, #"["a"]"#), .wrongType, "carrier"),
  Case("an empty category", with("UA", ""), nil),
  Case("a number for the object of features", #"{"t":1,"x":3,"y":{"late15":0}}"#, .wrongType, "distance"),
  Case("a text label", with(#""late15":1"#, #""late15":"maybe""#), .badLabel, "y.late15"),
  Case("a label of 2", with(#""late15":1"#, #""late15":2"#), .badLabel, "y.late15"),
  Case("a label of -1", with(#""late15":1"#, #""late15":-1"#), .badLabel, "y.late15"),
  Case("a list for a label", with(#""late15":1"#, #""late15":[1]"#), .badLabel, "y.late15"),
  Case("a label of true", with(#""late15":1"#, #""late15":true"#), nil),
  Case("labels that are no object", with(#"{"late15":1,"status":"late"}"#, "1"), .badLabel, "y.late15"),
  Case("no event time", with(#""t":1357036140,"#, ""), .badTime, "t"),
  Case("a null event time", with(#""t":1357036140"#, #""t":null"#), .badTime, "t"),
  Case("an event time of -1", with(#""t":1357036140"#, #""t":-1"#), nil),
  Case("an event time before year 1", with(#""t":1357036140"#, #""t":-1e21"#), .badTime, "t"),
  Case("an event time of 0", with(#""t":1357036140"#, #""t":0"#), nil),
  Case("an event time of 2^63 nanoseconds", with(#""t":1357036140"#, #""t":9223372036854775808"#), nil),
  Case("an event time of 1e300", with(#""t":1357036140"#, #""t":1e300"#), .badTime, "t"),
  Case("a date as event time", with(#""t":1357036140"#, #""t":"2013-01-01""#), nil),
  Case("a text that is no time", with(#""t":1357036140"#, #""t":"soon""#), .badTime, "t"),
  Case("true as event time", with(#""t":1357036140"#, #""t":true"#), .badTime, "t"),
  Case("no label time", with(#","t_y":1357051800"#, ""), nil),
  Case("a label time that is none", with("1357051800", #""later""#), .badTime, "t_y"),
  Case(
    "of two mistakes the first", with("1416", #""a""#).replacingOccurrences(of: "-17.26", with: "[]"), .wrongType,
    "distance"),
  Case("not even JSON behind a mistake", String(with("1416", #""a""#).dropLast()), .malformed),
  Case("NaN", with("1416", "NaN"), .malformed),
  Case("nan", with("-17.26", "nan"), .malformed),
  Case("Infinity", with("1416", "Infinity"), .malformed),
  Case("-Infinity", with("1416", "-Infinity"), .malformed),
  Case("-NaN", with("1416", "-NaN"), .malformed),
  Case("inf in an undeclared field", with(#""f1""#, "inf"), .malformed),
  Case("nothing", "", .malformed),
  Case("blanks", " \t ", .malformed),
  Case("two objects", record + record, .malformed),
  Case("two objects apart", record + " " + record, .malformed),
  Case("two objects and a comma", record + "," + record, .malformed),
  Case("garbage behind", record + "x", .malformed),
  Case("a NUL before", "\0" + record, .malformed),
  Case("a NUL behind", record + "\0", .malformed),
  Case("a NUL in a text", with("UA", "U\0A"), .malformed),
  Case("a NUL in a number", with("1416", "14\u{0}16"), .malformed),
  Case("a byte order mark", "\u{FEFF}" + record, nil),
  Case("two byte order marks", "\u{FEFF}\u{FEFF}" + record, .malformed),
  Case("a byte order mark and nothing else", "\u{FEFF}", .malformed),
  Case("a byte order mark inside", with("{\"distance\"", "{\u{FEFF}\"distance\""), .malformed),
  Case("UTF-16", bytes: [0xFF, 0xFE] + record.utf8.flatMap { [$0, 0] }, .invalidUTF8),
  Case("white space in empty objects", #"{"t":1,"x":{ },"y":{\#n}}"#, nil),
  Case("a comma, and nothing behind it", #"{"t":1,"#, .malformed),
  Case("a colon, and nothing behind it", #"{"t":"#, .malformed),
  Case("a NUL for a key", "{\"t\":1,\0 5}", .malformed),
  Case("a list", "[\(record)]", .notAnObject),
  Case("a number alone", "12", .notAnObject),
  Case("a text alone", #""abc""#, .notAnObject),
  Case("null alone", "null", .notAnObject),
  Case("a bare word", "nul", .malformed),
  Case("a broken list", "[\(record)", .malformed),
  Case("single quotes", with("\"", "'"), .malformed),
  Case("a trailing comma", with(#""LGA"}"#, #""LGA",}"#), .malformed),
  Case("a comment", with(#""x""#, #"/* x */"x""#), .malformed),
  Case("a raw tab in a text", with("UA", "U\tA"), .malformed),
  Case("a wrong escape", with("UA", #"U\qA"#), .malformed),
  Case("a wrong escape in an undeclared text", with("f1", #"f\x31"#), .malformed),
  Case("a wrong escape in an undeclared key", with(#""status""#, #""st\atus""#), .malformed),
  Case("a lone surrogate", with("UA", #"\ud800"#), .malformed),
  Case("a surrogate pair", with("UA", #"\ud83d\ude00"#), nil),
  Case("a leading zero", with("1416", "01416"), .malformed),
  Case("a leading plus", with("1416", "+1416"), .malformed),
  Case("no digit before the point", with("1416", ".5"), .malformed),
  Case("no digit after the point", with("1416", "5."), .malformed),
  Case("no exponent", with("1416", "5e"), .malformed),
  Case("two points", with("1416", "1.4.1"), .malformed),
  Case("a minus alone", with("1416", "-"), .malformed),
  Case("a hexadecimal number", with("1416", "0x10"), .malformed),
  Case("True", with("1416", "True"), .malformed),
  Case("truely", with("1416", "truely"), .malformed),
  Case("a key without quotes", with(#""t":"#, "t:"), .malformed),
  Case("a key that is a number", with(#""t":"#, "5:"), .malformed),
  Case("a colon missing", with(#""t":"#, #""t" "#), .malformed),
  Case("text behind a text", with(#""UA""#, #""UA"x"#), .malformed),
  Case("a text behind a number", with("1416", #"1416"a""#), .malformed),
  Case("brackets that cross", with(#""f1""#, "[{]}"), .malformed),
  Case("FF in a category", bytes: bytes("UA", [0xFF]), .invalidUTF8),
  Case("an overlong slash", bytes: bytes("UA", [0xC0, 0xAF]), .invalidUTF8),
  Case("a surrogate in UTF-8", bytes: bytes("UA", [0xED, 0xA0, 0x80]), .invalidUTF8),
  Case("a character cut short", bytes: bytes("UA", [0xE2, 0x82]), .invalidUTF8),
  Case("beyond Unicode", bytes: bytes("UA", [0xF5, 0x80, 0x80, 0x80]), .invalidUTF8),
  Case("a byte that only continues", bytes: bytes("UA", [0x80]), .invalidUTF8),
  Case("bad UTF-8 in an undeclared text", bytes: bytes("f1", [0xFE, 0xFF]), .invalidUTF8),
  Case("bad UTF-8 between the tokens", bytes: bytes(",", [0x2C, 0xFF]), .invalidUTF8),
  Case("bad UTF-8 at the end", bytes: Array(record.utf8) + [0xE2], .invalidUTF8),
]

@Suite("Records")
struct RecordDecoderTests {
  @Test("every kind of dirt has its outcome", arguments: cases)
  fileprivate func outcome(_ dirt: Case) {
    let harness = DecoderHarness()
    let outcome = harness.decode(dirt.bytes)
    if let reason = dirt.reason {
      #expect(outcome == .rejected(reason, field: dirt.field))
    } else {
      #expect(outcome == .example)
      #expect(harness.numbers.allSatisfy { !$0.isInfinite })
    }
    // And the next record is none the worse for it.
    #expect(harness.decode(record) == .example)
    #expect(harness.numbers == [1416, -17.26])
  }

  @Test("a record cut anywhere is malformed")
  func truncated() {
    let harness = DecoderHarness()
    let whole = Array(record.utf8)
    for length in 0..<whole.count {
      #expect(harness.decode(Array(whole[..<length])) == .rejected(.malformed, field: nil), "\(length) bytes")
    }
  }

  @Test("values land in their columns")
  func columns() {
    let harness = DecoderHarness()
    #expect(harness.decode(record) == .example)
    #expect(harness.numbers == [1416, -17.26])
    #expect(harness.categories == [bucket(ofCategory: "UA", buckets: 64), 3])
    #expect(harness.label == 1)
    #expect(harness.eventTime == 1_357_036_140)
  }

  @Test("when a label became known is given with its record, and of one that does not say so nothing is")
  func labelTime() {
    let harness = DecoderHarness()
    #expect(harness.decode(#"{"t":5,"t_y":1357036140.5}"#) == .example && harness.labelTime == 1_357_036_140.5)
    #expect(harness.decode(#"{"t":5}"#) == .example && harness.labelTime.isNaN)
    #expect(harness.decode(#"{"t":5,"t_y":9,"t_y":null}"#) == .example && harness.labelTime.isNaN)
    #expect(harness.decode(#"{"t_y":"1970-01-01T00:01:00Z","t":5}"#) == .example && harness.labelTime == 60)
  }

  @Test("any order of keys gives the same values")
  func order() {
    let harness = DecoderHarness()
    let shuffled =
      #"{"t_y":9,"y":{"status":"late","late15":1},"x":{"origin":"LGA","wind":-17.26,"other":{"wind":1},"carrier":"UA","distance":1416},"t":5}"#
    for text in [shuffled, record, shuffled, shuffled, record] {
      #expect(harness.decode(text) == .example)
      #expect(harness.numbers == [1416, -17.26])
      #expect(harness.categories == [bucket(ofCategory: "UA", buckets: 64), 3])
    }
  }

  @Test("the last of several values counts, and null takes it back")
  func repeatedKeys() {
    let harness = DecoderHarness()
    harness.decode(#"{"t":1,"x":{"distance":1,"distance":2},"x":{"wind":3,"distance":4}}"#)
    #expect(harness.numbers == [4, 3])
    harness.decode(#"{"t":1,"x":{"distance":1,"wind":5,"distance":null}}"#)
    #expect(harness.numbers[0].isNaN && harness.numbers[1] == 5)
  }

  @Test("a key may be written with escapes")
  func escapedKeys() {
    let harness = DecoderHarness()
    #expect(harness.decode(#"{"\u0074":1,"x":{"dist\u0061nce":7,"w\/ind":1}}"#) == .example)
    #expect(harness.numbers[0] == 7)
    #expect(harness.numbers[1].isNaN)
  }

  @Test("keys of every length are told apart")
  func keyLengths() {
    let names = (1...40).map { String(repeating: "k", count: $0) } + ["ü", #"q"uote"#, #"back\slash"#]
    let schema = FeatureSchema(
      label: LabelSettings(path: "y"), features: names.map { FeatureSettings(name: $0, type: .float) })
    let harness = DecoderHarness(schema)
    for order in [Array(names.indices), names.indices.reversed(), names.indices.shuffled()] {
      let fields = order.map { index in
        let key = names[index].replacingOccurrences(of: #"\"#, with: #"\\"#).replacingOccurrences(
          of: "\"", with: "\\\"")
        return "\"\(key)\":\(index)"
      }
      #expect(harness.decode("{\(fields.joined(separator: ","))}") == .example)
      #expect(harness.numbers == names.indices.map { Float($0) })
    }
  }

  @Test("several features may read one place")
  func sharedPlace() {
    let number = FeatureSettings(name: "number", path: "dow", type: .float)
    var category = FeatureSettings(name: "category", path: "dow", type: .category)
    category.buckets = 16
    var time = FeatureSettings(name: "time", path: "t", type: .timestamp)
    time.origin = 0
    let schema = FeatureSchema(
      eventTime: "t", label: LabelSettings(path: "y"),
      features: [
        number, category, time,
      ])
    let harness = DecoderHarness(schema)
    #expect(harness.decode(#"{"dow":3,"t":"1970-01-01T00:00:08Z"}"#) == .example)
    #expect(harness.numbers == [3, 8])
    #expect(harness.categories == [bucket(ofCategory: "3", buckets: 16)])
    #expect(harness.eventTime == 8)
    #expect(harness.decode(#"{"t":1}"#) == .example)
    #expect(harness.categories == [0])
  }

  @Test("for a prediction, label and times do not matter")
  func prediction() {
    let harness = DecoderHarness(purpose: .prediction)
    #expect(harness.decode(#"{"x":{"distance":5},"t":"never","y":7}"#) == .example)
    #expect(harness.numbers[0] == 5)
    #expect(harness.label.isNaN)
    #expect(harness.eventTime.isNaN)
  }

  @Test("nothing behind the record is read")
  func guardPage() throws {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let memory = try #require(mmap(nil, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    defer { munmap(memory, 2 * page) }
    try #require(mprotect(memory + page, page, PROT_NONE) == 0)
    let harness = DecoderHarness()
    for text in [record, "{", #"{"x":{"distance":1"#, "1", "\"", ""] {
      let start = memory + page - text.utf8.count
      start.copyMemory(from: Array(text.utf8), byteCount: text.utf8.count)
      _ = harness.decoder.decode(UnsafeRawBufferPointer(start: start, count: text.utf8.count), into: harness.slot)
    }
    #expect(harness.decode(record) == .example)
  }

  @Test("megabytes that are allowed are read to their end")
  func megabytes() {
    let harness = DecoderHarness(recordBytesMax: 4_000_000)
    let million = 1_000_000
    #expect(harness.decode(with("UA", String(repeating: "A", count: million))) == .example)
    #expect(harness.decode(record + String(repeating: " ", count: million)) == .example)
    let keys = (0..<62_000).map { "\"k\($0)\":\($0)," }.joined()
    #expect(harness.decode(with(#""wind""#, keys + #""wind""#)) == .example)
    #expect(harness.decode(with(#""wind""#, String(keys.dropLast()) + #""wind""#)) == .rejected(.malformed, field: nil))
    let digits = String(repeating: "1", count: million)
    #expect(harness.decode(with("1416", digits)) == .rejected(.overflow, field: "distance"))
    #expect(harness.decode(with(#""f1""#, digits)) == .example)
    #expect(harness.decode(with("1416", "0." + digits)) == .example)
    let nest = String(repeating: "[", count: 500_000) + String(repeating: "]", count: 500_000)
    #expect(harness.decode(with(#""f1""#, nest)) == .rejected(.oversized, field: nil))
    #expect(harness.decode(record) == .example)
  }

  @Test("a record as large as allowed is read, one byte more is not")
  func size() {
    let harness = DecoderHarness(recordBytesMax: 1000)
    let padded = record + String(repeating: " ", count: 1000 - record.utf8.count)
    #expect(harness.decode(padded) == .example)
    #expect(harness.decode(padded + " ") == .rejected(.oversized, field: nil))
  }
}
