/// RFC 8259 as plainly as it can be written, to hold the decoder against. Lone surrogates are refused, as there.
struct ReferenceJSON {
  private let bytes: [UInt8]
  private var index = 0

  static func isValid(_ bytes: [UInt8]) -> Bool {
    var parser = ReferenceJSON(bytes: bytes)
    guard String(validating: bytes, as: UTF8.self) != nil else { return false }
    parser.skipSpace()
    guard parser.value() else { return false }
    parser.skipSpace()
    return parser.index == bytes.count
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var next: UInt8 { index < bytes.count ? bytes[index] : 0 }

  private mutating func take(_ character: Character) -> Bool {
    guard next == character.asciiValue, index < bytes.count else { return false }
    index += 1
    return true
  }

  private mutating func skipSpace() {
    while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(next) { index += 1 }
  }

  private mutating func value() -> Bool {
    switch next {
    case UInt8(ascii: "{"): list("{", "}") { $0.string() && $0.spaced(":") && $0.value() }
    case UInt8(ascii: "["): list("[", "]") { $0.value() }
    case UInt8(ascii: "\""): string()
    case UInt8(ascii: "t"): word("true")
    case UInt8(ascii: "f"): word("false")
    case UInt8(ascii: "n"): word("null")
    default: number()
    }
  }

  private mutating func spaced(_ character: Character) -> Bool {
    skipSpace()
    defer { skipSpace() }
    return take(character)
  }

  private mutating func list(_ open: Character, _ close: Character, _ element: (inout Self) -> Bool) -> Bool {
    _ = take(open)
    skipSpace()
    if take(close) { return true }
    while element(&self) {
      skipSpace()
      if take(close) { return true }
      guard spaced(",") else { return false }
    }
    return false
  }

  private mutating func word(_ word: String) -> Bool {
    guard bytes[index...].starts(with: word.utf8) else { return false }
    index += word.utf8.count
    return true
  }

  private mutating func digits() -> Int {
    let start = index
    while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) { index += 1 }
    return index - start
  }

  private mutating func number() -> Bool {
    _ = take("-")
    if !take("0"), digits() == 0 { return false }
    if take("."), digits() == 0 { return false }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      return digits() > 0
    }
    return true
  }

  private mutating func hex() -> UInt32? {
    guard index + 4 <= bytes.count else { return nil }
    let text = String(decoding: bytes[index..<(index + 4)], as: UTF8.self)
    guard text.allSatisfy(\.isHexDigit) else { return nil }
    index += 4
    return UInt32(text, radix: 16)
  }

  private mutating func string() -> Bool {
    guard take("\"") else { return false }
    while index < bytes.count {
      let byte = next
      index += 1
      switch byte {
      case UInt8(ascii: "\""): return true
      case 0..<0x20: return false
      case UInt8(ascii: "\\"): guard escape() else { return false }
      default: break
      }
    }
    return false
  }

  private mutating func escape() -> Bool {
    let byte = next
    index += 1
    guard byte == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(byte) }
    guard let code = hex() else { return false }
    if (0xDC00..<0xE000).contains(code) { return false }
    guard (0xD800..<0xDC00).contains(code) else { return true }
    guard take("\\"), take("u"), let low = hex() else { return false }
    return (0xDC00..<0xE000).contains(low)
  }
}
