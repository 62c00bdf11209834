import Foundation
import Ingest
import Pipelines
import Testing
import Vocabulary

@Suite("Texts in a normal form")
struct NormalFormTests {
  /// The bucket that a record's text comes to, sent as it is or escaped.
  private func bucket(_ text: String, escaped: Bool = false) -> UInt32 {
    let harness = DecoderHarness(.one(.category) { $0.buckets = 1 << 20 }, recordBytesMax: 16 << 20)
    var sent = text
    if escaped { sent = text.utf16.map { "\\u" + String(UInt32($0) + 0x10000, radix: 16).dropFirst() }.joined() }
    #expect(harness.decode("{\"a\":\"" + sent + "\"}") == .example)
    return harness.categories[0]
  }

  /// The bucket of its bytes, whatever they are.
  private func bucketOfBytes(_ text: String) -> UInt32 { Ingest.bucket(ofCategory: text, buckets: 1 << 20) }

  @Test("up to thirty marks in a row are put in order; a text with more is compared as it stands")
  func rows() {
    for count in [1, 14, 15] {
      let text = "a" + String(repeating: "\u{301}", count: count) + String(repeating: "\u{316}", count: count)
      let normal = text.precomposedStringWithCanonicalMapping
      #expect(!text.utf8.elementsEqual(normal.utf8))
      #expect(bucket(text) == bucketOfBytes(normal))
      #expect(bucket(text, escaped: true) == bucketOfBytes(normal))
    }
    let long = "a" + String(repeating: "\u{301}", count: 16) + String(repeating: "\u{316}", count: 15)
    #expect(bucket(long) == bucketOfBytes(long))
    #expect(bucket(long, escaped: true) == bucketOfBytes(long))
  }

  /// Each of them takes the square of its length where it is normalized in one piece: minutes.
  static let hostile: [String] = [
    "a" + String(repeating: "\u{301}", count: 500_000) + String(repeating: "\u{316}", count: 500_000),
    "a" + String(repeating: "\u{F73}", count: 400_000), String(repeating: "\u{958}", count: 400_000),
    String(repeating: "\u{1100}\u{1161}\u{11A8}", count: 1_000_000),
    String(repeating: "e" + String(repeating: "\u{F73}\u{316}", count: 15), count: 40_000),
  ]

  @Test(
    "no text of a record, however large and whatever it is made of, holds the reading up", arguments: 0..<hostile.count)
  func work(place: Int) {
    let text = Self.hostile[place]
    let harness = DecoderHarness(.one(.category) { $0.buckets = 1 << 20 }, recordBytesMax: 16 << 20)
    #expect(harness.decode("{\"a\":\"" + text + "\"}") == .example)
    #expect(harness.decode("{\"" + text + "\":1,\"a\":\"b\"}") == .example)
    #expect(harness.decode("{\"a\":{\"" + text + "\":1}}") == .rejected(.wrongType, field: "a"))
    #expect(harness.decoder.decode(category: text, column: 0, into: harness.slot) == .example)
  }

  @Test("a text that is normalized in pieces comes to what it does in one")
  func pieces() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    let letters: [Unicode.Scalar] = [
      "a", "e", " ", "o", "\u{E9}", "\u{301}", "\u{316}", "\u{308}", "\u{323}", "\u{1100}", "\u{1161}", "\u{11A8}",
      "\u{AC00}", "\u{958}", "\u{9C7}", "\u{9BE}", "\u{F73}", "\u{F900}", "\u{212B}", "\u{1D15E}", "\u{4E00}",
    ]
    for _ in 0..<300 {
      var text = ""
      for _ in 0..<(random.next() % 600) {
        text.unicodeScalars.append(letters[Int(random.next() % UInt64(letters.count))])
      }
      guard Array(text.utf8).withUnsafeBytes({ TextEncoding.isStreamSafe($0) }) else { continue }
      #expect(bucket(text) == bucketOfBytes(text.precomposedStringWithCanonicalMapping), "\(text.debugDescription)")
    }
  }

  @Test("what the pipeline declares follows the same rule as what records say", arguments: [30, 31])
  func declared(count: Int) {
    let text = "e" + String(repeating: "\u{301}", count: count)
    var category = FeatureSettings(name: "c", path: text, type: .category)
    (category.values, category.buckets) = ([text], 64)
    let harness = DecoderHarness(FeatureSchema(label: LabelSettings(path: "y"), features: [category]))
    let composed = count == 30 ? text.precomposedStringWithCanonicalMapping : text
    for sent in [text, composed] {
      #expect(harness.decode("{\"" + sent + "\":\"" + sent + "\"}") == .example)
      #expect(harness.categories == [1])
    }
  }

  @Test("a row of marks is seen, plain and escaped")
  func streamSafe() {
    func isSafe(_ text: String, isJSON: Bool = false) -> Bool {
      Array(text.utf8).withUnsafeBytes { TextEncoding.isStreamSafe($0, isJSON: isJSON) }
    }
    let mark = "\u{301}"
    #expect(isSafe("") && isSafe("a") && isSafe(String(repeating: mark, count: 30)))
    #expect(!isSafe(String(repeating: mark, count: 31)))
    #expect(isSafe(String(repeating: String(repeating: mark, count: 30) + "x", count: 9)))
    let escaped = String(repeating: #"\u0301"#, count: 31)
    #expect(isSafe(escaped) && !isSafe(escaped, isJSON: true))
    // A mark beyond U+FFFF takes two escapes.
    #expect(!isSafe(String(repeating: #"\uD834\uDD65"#, count: 31), isJSON: true))
    #expect(isSafe(String(repeating: #"\uD83D\uDE00"#, count: 99), isJSON: true))
    #expect(isSafe(#"\u030"#, isJSON: true) && isSafe(#"\uD834\uDD6"#, isJSON: true))
  }
}
