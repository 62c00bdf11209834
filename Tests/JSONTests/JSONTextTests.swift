import Foundation
import JSON
import Testing

@Suite("JSON that is written")
struct JSONTextTests {
  @Test("any text reads back as itself, on one line, with nothing in it that steers a screen")
  func texts() throws {
    for value in 0..<0x11_0000 {
      guard let scalar = Unicode.Scalar(value), value < 0x3000 || value % 97 == 0 || value >> 8 == 0xFE else {
        continue
      }
      let quoted = JSONText.quoted("a\(scalar)b")
      let isUnseen = scalar.properties.generalCategory == .control || [0x2028, 0x2029, 0xFEFF].contains(value)
      #expect(quoted.unicodeScalars.contains(scalar) == !(isUnseen || value == 0x5C) || value == 0x5C, "\(value)")
      #expect(try JSONDecoder().decode(String.self, from: Data(quoted.utf8)) == "a\(scalar)b", "\(value)")
    }
  }

  @Test(
    "the usual escapes are short, the others have four digits",
    arguments: [
      ("", #""""#), ("é€😀/", #""é€😀/""#), ("\"\\", #""\"\\""#), ("\n\r\t", #""\n\r\t""#),
      ("\u{0}\u{1b}\u{7f}\u{85}\u{2028}\u{FEFF}", #""\u0000\u001b\u007f\u0085\u2028\ufeff""#),
    ])
  func escapes(text: String, json: String) { #expect(JSONText.quoted(text) == json) }

  @Test("bytes that are no UTF-8 pass as they are, cut characters at the end too")
  func otherBytes() {
    for bytes: [UInt8] in [[0xE2], [0xE2, 0x80], [0xC2], [0xEF, 0xBB], [0xFF, 0x80], [0xE2, 0x82, 0xAC]] {
      var json: [UInt8] = []
      JSONText.append(bytes.span, to: &json)
      #expect(json == [0x22] + bytes + [0x22])
    }
  }

  @Test("lists and numbers: the shortest text of the same number, and null for what is none")
  func numbers() {
    var json = JSONText()
    json.raw("[")
    json.list([0.1, -0.0, 1e300, .nan, .infinity] as [Double]) { $0.number($1) }
    json.raw("]")
    #expect(String(decoding: json.bytes, as: UTF8.self) == "[0.1,-0.0,1e+300,null,null]")
  }

  @Test("a value's text depends on nothing but the value")
  func canonical() throws {
    let keys = (0..<50).map { "key/\($0)" }
    let text = try JSONText.canonical(Dictionary(uniqueKeysWithValues: keys.map { ($0, 1) }))
    #expect(text == "{" + keys.sorted().map { "\"\($0)\":1" }.joined(separator: ",") + "}")
    #expect(try JSONText.canonical([Date(timeIntervalSince1970: 0)]) == #"["1970-01-01T00:00:00Z"]"#)
    #expect(throws: EncodingError.self) { try JSONText.canonical([Double.nan]) }
  }
}
