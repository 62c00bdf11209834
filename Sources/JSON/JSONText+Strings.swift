extension JSONText {
  /// A text in quotes, which YAML reads the same.
  public static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    append(text, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Puts a text in quotes behind `json`.
  public static func append(_ text: String, to json: inout [UInt8]) {
    // Not `text.utf8.span`: a short text's bytes lie in the value, and optimised code of Swift 6.3 let the span outlive it.
    var text = text
    text.withUTF8 { append($0.span, to: &json) }
  }

  /// Puts UTF-8 in quotes behind `json`.
  ///
  /// What would end a line somewhere, is not seen on a screen, or steers it is escaped, whether JSON asks for it or not:
  /// the control characters, C1 and DEL among them, U+2028, U+2029 and U+FEFF.
  public static func append(_ text: Span<UInt8>, to json: inout [UInt8]) {
    json.append(UInt8(ascii: "\""))
    var place = 0
    while place < text.count {
      let byte = text[place]
      place += 1
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        json.append(UInt8(ascii: "\\"))
        json.append(byte)
      case 0x0A: json.append(contentsOf: "\\n".utf8)
      case 0x0D: json.append(contentsOf: "\\r".utf8)
      case 0x09: json.append(contentsOf: "\\t".utf8)
      case 0..<0x20, 0x7F: appendEscape(UInt16(byte), to: &json)
      case 0xC2 where place < text.count && text[place] < 0xA0:
        appendEscape(UInt16(text[place]), to: &json)
        place += 1
      case 0xE2, 0xEF:
        if let unit = unseen(byte, text, place) {
          appendEscape(unit, to: &json)
          place += 2
        } else {
          json.append(byte)
        }
      default: json.append(byte)
      }
    }
    json.append(UInt8(ascii: "\""))
  }

  /// U+2028, U+2029 or U+FEFF, where `lead` and the two bytes at `place` spell one of them.
  private static func unseen(_ lead: UInt8, _ text: Span<UInt8>, _ place: Int) -> UInt16? {
    guard place + 1 < text.count else { return nil }
    switch (lead, text[place], text[place + 1]) {
    case (0xE2, 0x80, 0xA8): return 0x2028
    case (0xE2, 0x80, 0xA9): return 0x2029
    case (0xEF, 0xBB, 0xBF): return 0xFEFF
    default: return nil
    }
  }

  private static func appendEscape(_ unit: UInt16, to json: inout [UInt8]) {
    let digits: StaticString = "0123456789abcdef"
    json.append(contentsOf: "\\u".utf8)
    for shift in [12, 8, 4, 0] { json.append(digits.utf8Start[Int(unit >> shift & 15)]) }
  }
}
