import Foundation
import Ingest
import Pipelines
import Testing
import Vocabulary

@Suite("Spellings of one value")
struct SpellingTests {
  private func harness(_ type: FeatureSettings.FeatureType, _ change: (inout FeatureSettings) -> Void = { _ in })
    -> DecoderHarness
  {
    DecoderHarness(
      .one(type) {
        $0.coerce = true
        change(&$0)
      })
  }

  @Test(
    "a coerced number may be a text that spells it",
    arguments: [
      (#""1.28""#, 1.28), (#"" 5 ""#, 5), (#""+5""#, 5), (#""-.5""#, -0.5), (#""5.""#, 5), (#""007""#, 7),
      (#""1E+05""#, 1e5),
      ("true", 1), ("false", 0), ("1.5", 1.5), (#""-0""#, -0.0), (#""\u0031""#, 1), (#""1e-400""#, 0),
    ] as [(String, Float)])
  func number(text: String, expected: Float) {
    let harness = harness(.float)
    #expect(harness.decode("{\"a\":\(text)}") == .example)
    #expect(harness.numbers[0].bitPattern == expected.bitPattern)
  }

  @Test("or one that says there is none", arguments: ["", "  ", "NaN", "nan", "NA", "n/a", "null", "None"])
  func nothing(text: String) {
    let harness = harness(.float) { $0.missing = .value(7) }
    #expect(harness.decode("{\"a\":\"\(text)\"}") == .example)
    #expect(harness.numbers == [7])
    #expect(harness.decoder.counters[0].imputed == 1)
  }

  @Test(
    "and nothing else",
    arguments: [
      "1,5", "1,234.5", "0x10", "1 2", "--5", "+-5", "+", "-", ".", "e5", "true", "5 EUR", "١", "1e", "nano", "in",
    ])
  func noNumber(text: String) {
    let harness = harness(.float)
    #expect(harness.decode("{\"a\":\"\(text)\"}") == .rejected(.wrongType, field: "a"))
    #expect(harness.decoder.rejectedValue == "\"\(text)\"")
  }

  @Test("what is too large as a text is too large")
  func overflow() {
    for text in ["inf", "-Infinity", "1e999", "3.5e38"] {
      #expect(harness(.float).decode("{\"a\":\"\(text)\"}") == .rejected(.overflow, field: "a"), "\(text)")
    }
  }

  @Test("truths, times and labels too, when the schema says so")
  func others() {
    for (text, value) in [("True", 1), ("FALSE", 0), ("1", 1), ("0.0", 0)] as [(String, Float)] {
      let harness = harness(.bool)
      #expect(harness.decode("{\"a\":\"\(text)\"}") == .example, "\(text)")
      #expect(harness.numbers == [value])
    }
    var schema = FeatureSchema.one(.float)
    schema.coerce = true
    schema.eventTime = "t"
    let whole = DecoderHarness(schema)
    #expect(whole.decode(#"{"a":"1","t":"1357036140","y":"True"}"#) == .example)
    #expect(whole.numbers == [1] && whole.label == 1 && whole.eventTime == 1_357_036_140)
    #expect(whole.decode(#"{"t":"1357036140","y":"2"}"#) == .rejected(.badLabel, field: "y"))
    schema.features[0].coerce = false
    #expect(DecoderHarness(schema).decode(#"{"a":"1","t":0}"#) == .rejected(.wrongType, field: "a"))
    let value = DecoderHarness(schema, task: .regression)
    #expect(value.decode(#"{"t":" 0 ","y":" -12.5"}"#) == .example)
    #expect(value.label == -12.5)
  }

  @Test("a whole number is one category, however it is written")
  func wholeCategories() {
    let harness = DecoderHarness(.one(.category) { $0.buckets = 1 << 20 })
    let forms = [
      ["1", "1.0", "1e0", "10e-1", "1.000", #""1""#], ["0", "-0", "-0.0", "0e5", #""0""#], ["-7", "-7.0", #""-7""#],
      ["1000", "1e3", "1E+3", #""1000""#], ["12345678901234567890", #""12345678901234567890""#],
    ]
    for equal in forms {
      let rows = equal.map { text -> UInt32 in
        #expect(harness.decode("{\"a\":\(text)}") == .example, "\(text)")
        return harness.categories[0]
      }
      #expect(Set(rows).count == 1, "\(equal)")
    }
    for text in ["1.5", "1e300", "true"] {
      #expect(harness.decode("{\"a\":\(text)}") == .rejected(.wrongType, field: "a"))
      #expect(harness.decoder.rejectedValue == text)
    }
  }

  @Test("a coerced category may be a truth or a fraction, as its shortest text")
  func coercedCategories() {
    let harness = harness(.category) {
      $0.values = ["true", "0.5", "1.5e+300"]
      $0.buckets = 8
    }
    for (text, row) in [("true", 1), ("0.50", 2), ("5e-1", 2), ("1.5e300", 3)] as [(String, UInt32)] {
      #expect(harness.decode("{\"a\":\(text)}") == .example, "\(text)")
      #expect(harness.categories == [row], "\(text)")
    }
  }

  @Test("a class is found as a category is, and truths where classes have their names")
  func classes() {
    var schema = FeatureSchema.one(.float)
    schema.label.classes = ["false", "true", "2"]
    let harness = DecoderHarness(schema, task: .multiclass)
    for (text, place) in [("true", 1), ("false", 0), (#""true""#, 1), ("2.0", 2), ("2", 2)] as [(String, Float)] {
      #expect(harness.decode("{\"y\":\(text)}") == .example)
      #expect(harness.label == place)
    }
    #expect(harness.decode(#"{"y":2.5}"#) == .rejected(.badLabel, field: "y"))
  }

  @Test("texts and keys that look the same are the same, in records and in the pipeline")
  func normalForms() {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    for declared in [composed, decomposed] {
      var category = FeatureSettings(name: "c", path: declared, type: .category)
      category.values = [declared, "\u{AC01}"]
      category.buckets = 64
      var schema = FeatureSchema(label: LabelSettings(path: "y"), features: [category])
      schema.label.classes = ["a", declared]
      let harness = DecoderHarness(schema, task: .multiclass)
      for sent in [composed, decomposed] {
        #expect(harness.decode("{\"\(sent)\":\"\(sent)\",\"y\":\"\(sent)\"}") == .example)
        #expect(harness.categories == [1] && harness.label == 1)
        #expect(harness.decoder.decode(category: sent, column: 0, into: harness.slot) == .example)
        #expect(harness.categories == [1])
      }
      harness.decode("{\"\(composed)\":\"\u{1100}\u{1161}\u{11A8}\"}")
      #expect(harness.categories == [2])
    }
    let hashed = DecoderHarness(.one(.category) { $0.buckets = 1 << 20 })
    for text in [
      "\u{1E9B}\u{323}", "\u{212B}", "\u{FB1D}", "a\u{302}\u{323}\u{0}x", String(repeating: "o\u{308}", count: 5000),
    ] {
      let json = text.replacingOccurrences(of: "\u{0}", with: "\\u0000")
      #expect(hashed.decode("{\"a\":\"\(json)\"}") == .example)
      #expect(hashed.categories[0] == bucket(ofCategory: text.precomposedStringWithCanonicalMapping, buckets: 1 << 20))
    }
  }

  @Test("a dot in a key is told from one between keys")
  func dottedKeys() {
    var category = FeatureSettings(name: "c", path: #"x\.c"#, type: .category)
    category.buckets = 64
    let schema = FeatureSchema(
      eventTime: #"meta\.t"#, label: LabelSettings(path: #"o.y\.z"#),
      features: [
        FeatureSettings(name: "flat", path: #"x\.a"#, type: .float),
        FeatureSettings(name: "nested", path: "x.a", type: .float),
        category, FeatureSettings(name: "slash", path: #"a\b"#, type: .float),
      ])
    let harness = DecoderHarness(schema)
    #expect(harness.decode(#"{"x.a":1,"x":{"a":2},"x.c":"p","meta.t":5,"o":{"y.z":1},"a\\b":4}"#) == .example)
    #expect(harness.numbers == [1, 2, 4] && harness.label == 1 && harness.eventTime == 5)
    #expect(harness.decode(#"{"meta.t":5,"o":{"y.z":3}}"#) == .rejected(.badLabel, field: #"o.y\.z"#))
    #expect(harness.decoder.rejectedValue == "3")
  }

  @Test("a rejection names the value, cut short; one of the whole record names none")
  func rejectedValues() {
    let harness = DecoderHarness()
    func value(of text: String) -> String? {
      #expect(harness.decode(text) != .example)
      return harness.decoder.rejectedValue
    }
    #expect(value(of: #"{"t":1,"x":{"distance":"far"}}"#) == #""far""#)
    #expect(value(of: #"{"t":1,"x":{"distance":[1,2]}}"#) == "[…]")
    #expect(value(of: #"{"t":1,"x":{"distance":{"v":1}}}"#) == "{…}")
    #expect(value(of: #"{"t":1,"x":{"distance":true}}"#) == "true")
    #expect(value(of: #"{"t":1,"x":7}"#) == "7")
    #expect(value(of: #"{"t":"soon"}"#) == #""soon""#)
    #expect(value(of: "{}") == nil)
    #expect(value(of: #"{"t":1,"x":{"distance":"far"}"#) == nil)
    let long = String(repeating: "é", count: 40)
    #expect(value(of: "{\"t\":1,\"x\":{\"distance\":\"x\(long)\"}}") == "\"x" + String(long.prefix(31)) + "…\"")
  }
}
