/// Where a text stops being one JSON value (RFC 8259), for whoever sent it. Slow, and asked only of what was refused.
struct JSONFault {
  /// The offset of the first byte that does not fit; the length where the text ends too early.
  let offset: Int
  /// What would fit.
  let wanted: String

  /// Deeper values are not looked into.
  private static let depthMax = 256

  /// nil: it is JSON, or too deep to tell.
  static func find(in bytes: UnsafeRawBufferPointer) -> JSONFault? {
    var search = Search(bytes: bytes)
    do throws(JSONFault) {
      try search.value(depth: 0)
      search.skipSpace()
      guard search.index < bytes.count else { return nil }
      throw JSONFault(offset: search.index, wanted: "the end of the record")
    } catch { return error.wanted.isEmpty ? nil : error }
  }

  private struct Search {
    let bytes: UnsafeRawBufferPointer
    var index = 0

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func fault(_ wanted: String) -> JSONFault { JSONFault(offset: index, wanted: wanted) }

    mutating func skipSpace() {
      while let byte = current, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { index += 1 }
    }

    mutating func value(depth: Int) throws(JSONFault) {
      guard depth <= JSONFault.depthMax else { throw fault("") }
      skipSpace()
      switch current {
      case UInt8(ascii: "{"): try members(depth)
      case UInt8(ascii: "["): try elements(depth)
      case UInt8(ascii: "\""): try text()
      case let byte? where byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") < 10: try number()
      default:
        for word in ["true", "false", "null"] where bytes[index...].starts(with: word.utf8) {
          index += word.utf8.count
          return
        }
        throw fault("a value")
      }
    }

    private mutating func members(_ depth: Int) throws(JSONFault) {
      index += 1
      skipSpace()
      if current == UInt8(ascii: "}") { return index += 1 }
      while true {
        skipSpace()
        guard current == UInt8(ascii: "\"") else { throw fault("a key in double quotes") }
        try text()
        skipSpace()
        guard current == UInt8(ascii: ":") else { throw fault("a colon") }
        index += 1
        try value(depth: depth + 1)
        if try ends(with: "}") { return }
      }
    }

    private mutating func elements(_ depth: Int) throws(JSONFault) {
      index += 1
      skipSpace()
      if current == UInt8(ascii: "]") { return index += 1 }
      while true {
        try value(depth: depth + 1)
        if try ends(with: "]") { return }
      }
    }

    private mutating func ends(with bracket: Character) throws(JSONFault) -> Bool {
      skipSpace()
      guard let byte = current, byte == UInt8(ascii: ",") || byte == bracket.asciiValue else {
        throw fault("a comma or \(bracket)")
      }
      index += 1
      return byte != UInt8(ascii: ",")
    }

    private mutating func text() throws(JSONFault) {
      index += 1
      while let byte = current {
        switch byte {
        case UInt8(ascii: "\""): return index += 1
        case UInt8(ascii: "\\"):
          index += 1
          guard let escaped = current, #""\/bfnrtu"#.utf8.contains(escaped) else { throw fault("an escape") }
          index += 1
          guard escaped == UInt8(ascii: "u") else { continue }
          for _ in 0..<4 {
            guard let digit = current, Character(Unicode.Scalar(digit)).isHexDigit else { throw fault("a hex digit") }
            index += 1
          }
        case 0..<0x20: throw fault("no control character in a text")
        default: index += 1
        }
      }
      throw fault("the end of a text")
    }

    private mutating func number() throws(JSONFault) {
      if current == UInt8(ascii: "-") { index += 1 }
      if current == UInt8(ascii: "0") { index += 1 } else { try digits() }
      if current == UInt8(ascii: ".") {
        index += 1
        try digits()
      }
      guard current == UInt8(ascii: "e") || current == UInt8(ascii: "E") else { return }
      index += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { index += 1 }
      try digits()
    }

    private mutating func digits() throws(JSONFault) {
      let start = index
      while let byte = current, byte &- UInt8(ascii: "0") < 10 { index += 1 }
      guard index > start else { throw fault("a digit") }
    }
  }
}

extension JSONFault: Error {}
