extension JSONScanner {
  /// Passes a string; its escapes are checked. That the text is UTF-8 is not.
  ///
  /// - Returns: Where its content lies, escapes as they are written.
  public mutating func string() throws -> Range<Int> {
    var isPlain = true
    return try string(isPlain: &isPlain)
  }

  /// The same, which also says whether it is ASCII without an escape: its bytes are what it says.
  ///
  /// - Parameter isPlain: Becomes false where it is not.
  public mutating func string(isPlain: inout Bool) throws -> Range<Int> {
    try take("\"")
    let start = position
    var place = position
    var all: UInt8 = 0
    defer { if all & 0x80 != 0 { isPlain = false } }
    while place < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "\""):
        position = place + 1
        return start..<place
      case UInt8(ascii: "\\"):
        position = place
        isPlain = false
        _ = try escape(at: &place)
      case 0..<0x20:
        position = place
        throw malformed("a control character in a string")
      case let byte:
        all |= byte
        place += 1
      }
    }
    throw malformed("a string without an end")
  }

  /// The text of a string that was passed.
  public func text(_ range: Range<Int>) throws -> String {
    let raw = UnsafeRawBufferPointer(rebasing: bytes[range])
    if !raw.contains(UInt8(ascii: "\\")) { return String(decoding: raw, as: UTF8.self) }
    var content: [UInt8] = []
    try unescape(range, into: &content)
    return String(decoding: content, as: UTF8.self)
  }

  /// Replaces `content` by the bytes that a string stands for.
  public func unescape(_ range: Range<Int>, into content: inout [UInt8]) throws {
    content.removeAll(keepingCapacity: true)
    var place = range.lowerBound
    while place < range.upperBound {
      guard bytes[place] == UInt8(ascii: "\\") else {
        content.append(bytes[place])
        place += 1
        continue
      }
      content.append(contentsOf: UTF8.encode(try escape(at: &place)) ?? .init())
    }
  }

  /// What the escape at `place` stands for; moves `place` behind it.
  private func escape(at place: inout Int) throws -> Unicode.Scalar {
    guard place + 1 < bytes.count else { throw malformed("a string without an end") }
    let kind = bytes[place + 1]
    place += 2
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try escapedScalar(at: &place)
    default: throw malformed("an unknown escape")
    }
  }

  private func escapedScalar(at place: inout Int) throws -> Unicode.Scalar {
    let first = try escapedUnit(at: &place)
    if let scalar = Unicode.Scalar(UInt32(first)) { return scalar }
    // A high surrogate needs its low one.
    guard UTF16.isLeadSurrogate(first), place + 1 < bytes.count, bytes[place] == UInt8(ascii: "\\"),
      bytes[place + 1] == UInt8(ascii: "u")
    else { throw malformed("half a surrogate pair") }
    place += 2
    let second = try escapedUnit(at: &place)
    guard UTF16.isTrailSurrogate(second),
      let scalar = Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
    else { throw malformed("half a surrogate pair") }
    return scalar
  }

  private func escapedUnit(at place: inout Int) throws -> UInt16 {
    guard place + 4 <= bytes.count else { throw malformed("an escape without its four digits") }
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
