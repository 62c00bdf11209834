extension JSONScanner {
  /// Passes a string.
  ///
  /// - Returns: Where its content lies, escapes as they are written.
  mutating func string() throws -> Range<Int> {
    try take("\"")
    let start = position
    var place = position
    while place < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "\""):
        advance(to: place + 1)
        return start..<place
      case UInt8(ascii: "\\"): place += 2
      case 0..<0x20:
        advance(to: place)
        throw malformed("a control character in a string")
      default: place += 1
      }
    }
    throw malformed("a string without an end")
  }

  /// The text of a string; UTF-8 and escapes are checked here.
  func text(_ range: Range<Int>) throws -> String {
    let raw = UnsafeRawBufferPointer(rebasing: bytes[range])
    if !raw.contains(UInt8(ascii: "\\")) {
      guard let text = String(validating: raw, as: UTF8.self) else { throw malformed("a string that is not UTF-8") }
      return text
    }
    var content: [UInt8] = []
    try unescape(range, into: &content)
    guard let text = String(validating: content, as: UTF8.self) else { throw malformed("a string that is not UTF-8") }
    return text
  }

  /// Replaces `content` by the bytes that a string stands for; whether they are UTF-8 is not checked.
  func unescape(_ range: Range<Int>, into content: inout [UInt8]) throws {
    content.removeAll(keepingCapacity: true)
    var place = range.lowerBound
    while place < range.upperBound {
      let byte = bytes[place]
      place += 1
      guard byte == UInt8(ascii: "\\") else {
        content.append(byte)
        continue
      }
      let kind = bytes[place]
      place += 1
      switch kind {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(kind)
      case UInt8(ascii: "b"): content.append(8)
      case UInt8(ascii: "f"): content.append(12)
      case UInt8(ascii: "n"): content.append(10)
      case UInt8(ascii: "r"): content.append(13)
      case UInt8(ascii: "t"): content.append(9)
      case UInt8(ascii: "u"):
        content.append(contentsOf: UTF8.encode(try escapedScalar(at: &place, until: range.upperBound)) ?? .init())
      default: throw malformed("an unknown escape")
      }
    }
  }

  private func escapedScalar(at place: inout Int, until end: Int) throws -> Unicode.Scalar {
    let first = try escapedUnit(at: &place, until: end)
    if let scalar = Unicode.Scalar(UInt32(first)) { return scalar }
    // A high surrogate needs its low one.
    guard UTF16.isLeadSurrogate(first), place + 1 < end, bytes[place] == UInt8(ascii: "\\"),
      bytes[place + 1] == UInt8(ascii: "u")
    else { throw malformed("half a surrogate pair") }
    place += 2
    let second = try escapedUnit(at: &place, until: end)
    guard UTF16.isTrailSurrogate(second),
      let scalar = Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
    else { throw malformed("half a surrogate pair") }
    return scalar
  }

  private func escapedUnit(at place: inout Int, until end: Int) throws -> UInt16 {
    guard place + 4 <= end else { throw malformed("an escape without its four digits") }
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[place])).hexDigitValue, bytes[place] < 0x80 else {
        throw malformed("an escape without its four digits")
      }
      unit = unit << 4 | UInt16(digit)
      place += 1
    }
    return unit
  }
}
