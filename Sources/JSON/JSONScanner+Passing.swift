import Glibc

extension JSONScanner {
  /// Moves to the value of an object's first member of that name, its escapes resolved; false: there is none.
  ///
  /// For a text that somebody else judges: values before it are passed by their brackets and quotes alone.
  public mutating func enter(member name: String) throws -> Bool {
    try take("{")
    if takeIf("}") { return false }
    repeat {
      let key = try text(try string())
      try take(":")
      if key == name { return true }
      try pass()
    } while takeIf(",")
    return false
  }

  /// Passes a flat list of numbers to its end without looking at them, for whoever reads it later and checks it then; false, and
  /// nothing is passed: it is not flat, or holds texts.
  public mutating func passNumbers() -> Bool {
    guard peek() == UInt8(ascii: "["), let base = bytes.baseAddress else { return false }
    let start = base + position + 1
    let left = bytes.count - position - 1
    guard let end = memchr(start, Int32(UInt8(ascii: "]")), left) else { return false }
    let count = UnsafeRawPointer(end) - start
    for byte in [UInt8(ascii: "\""), UInt8(ascii: "["), UInt8(ascii: "{")]
    where memchr(start, Int32(byte), count) != nil {
      return false
    }
    position += 1 + count + 1
    return true
  }

  /// Passes a value by its brackets and quotes, and says where it lies.
  @discardableResult
  public mutating func pass() throws -> Range<Int> {
    _ = peek()
    let start = position
    var depth = 0
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        _ = try string()
        if depth == 0 { return start..<position }
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if depth == 0 { return start..<position }
        depth -= 1
        if depth == 0 {
          position += 1
          return start..<position
        }
      case UInt8(ascii: ",") where depth == 0: return start..<position
      default: break
      }
      position += 1
    }
    return start..<position
  }
}
