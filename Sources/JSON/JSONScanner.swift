/// Walks over JSON text in memory and checks what it passes (RFC 8259). Allocates nothing; one thread at a time.
///
/// For whoever knows what he looks for and wants no tree of all the rest: tensors of numbers go straight into a batch.
/// That the text is UTF-8 is the caller's to check.
public struct JSONScanner {
  /// Deeper nesting is refused.
  static let depthMax = 32

  /// Must outlive the scanner.
  public let bytes: UnsafeRawBufferPointer
  /// Where the scan is, in bytes.
  public var position: Int

  public init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  /// The next byte that is not white space; nil: the end.
  @inlinable @inline(__always) public mutating func peek() -> UInt8? {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return bytes[position]
      }
    }
    return nil
  }

  /// Passes null, which says the same as nothing at all.
  public mutating func takeNull() throws -> Bool {
    guard peek() == UInt8(ascii: "n") else { return false }
    try null()
    return true
  }

  public func malformed(_ what: String) -> JSONError { JSONError(what: what, offset: position) }

  /// Takes `byte`, white space before it allowed.
  @inlinable @inline(__always) public mutating func take(_ byte: Unicode.Scalar) throws {
    guard peek() == UInt8(ascii: byte) else { throw malformed("“\(byte)” expected") }
    position += 1
  }

  @inlinable @inline(__always) public mutating func takeIf(_ byte: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  /// Nothing but white space may follow.
  public mutating func end() throws {
    if peek() != nil { throw malformed("the end expected") }
  }

  /// The longest key that is told, as it is written: any of the protocol's fits, with every character escaped.
  private static let keyBytesMax = 128

  /// Calls `body` for each member, after the colon; it must take the value. A longer key, which means nothing, is empty.
  public mutating func members(_ body: (inout JSONScanner, JSONKey) throws -> Void) throws {
    try take("{")
    if takeIf("}") { return }
    repeat {
      var isPlain = true
      let content = try string(isPlain: &isPlain)
      let isLong = content.count > Self.keyBytesMax
      let key = JSONKey(
        UnsafeRawBufferPointer(rebasing: isLong ? bytes[..<0] : bytes[content]),
        resolved: isPlain || isLong ? nil : try text(content))
      try take(":")
      try body(&self, key)
    } while takeIf(",")
    try take("}")
  }

  /// Calls `body` for each element; it must take it.
  @inlinable public mutating func elements(_ body: (inout JSONScanner) throws -> Void) throws {
    try take("[")
    if takeIf("]") { return }
    repeat { try body(&self) } while takeIf(",")
    try take("]")
  }

  /// Passes one value of any kind.
  public mutating func skip(depth: Int = 0) throws {
    guard depth < Self.depthMax else { throw malformed("more than \(Self.depthMax) levels of nesting") }
    switch peek() {
    case UInt8(ascii: "{"):
      try take("{")
      if takeIf("}") { return }
      repeat {
        _ = try string()
        try take(":")
        try skip(depth: depth + 1)
      } while takeIf(",")
      try take("}")
    case UInt8(ascii: "["): try elements { try $0.skip(depth: depth + 1) }
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try boolean()
    case UInt8(ascii: "n"): try null()
    default: _ = try number()
    }
  }

  /// What stands where a value should: some writers' words for it are no JSON.
  public func notAValue() -> JSONError {
    for word in ["NaN", "Infinity", "-Infinity", "None", "True", "False", "undefined"]
    where bytes[position...].starts(with: word.utf8) {
      return malformed("“\(word)” is not JSON (an absent value is null)")
    }
    return malformed("a value expected")
  }

  public mutating func boolean() throws -> Bool {
    if takeWord("true") { return true }
    if takeWord("false") { return false }
    throw malformed("true or false expected")
  }

  public mutating func null() throws {
    guard takeWord("null") else { throw notAValue() }
  }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard peek() != nil, bytes.count - position >= count else { return false }
    for index in 0..<count where bytes[position + index] != word.utf8Start[index] { return false }
    position += count
    return true
  }
}
