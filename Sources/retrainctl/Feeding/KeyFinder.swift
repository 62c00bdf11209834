import Foundation
import Pipelines

/// Finds one value of a JSON record by its `FieldPath`, as the bytes of a key.
///
/// Not a parser: a record that is not JSON has no key, or a wrong one, and is published all the same, because judging
/// records is the reader's business.
package struct KeyFinder {
  private let path: [String]

  /// nil: the text is no path.
  package init?(path: String) {
    guard let path = FieldPath(path) else { return nil }
    self.path = path.keys
  }

  /// The value's text without quotes; nil where there is none.
  package func key(in record: UnsafeRawBufferPointer) -> [UInt8]? { value(in: record)?.bytes }

  /// The same, and whether it is a text.
  package func value(in record: UnsafeRawBufferPointer) -> (bytes: [UInt8], isText: Bool)? {
    var scanner = Scanner(bytes: record)
    for name in path {
      guard scanner.enter(member: name) else { return nil }
    }
    return scanner.scalar()
  }

  private struct Scanner {
    let bytes: UnsafeRawBufferPointer
    var index = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
      while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
    }

    /// Moves to the value of an object's member.
    mutating func enter(member name: String) -> Bool {
      skipSpace()
      guard current == UInt8(ascii: "{") else { return false }
      index += 1
      while true {
        skipSpace()
        guard current == UInt8(ascii: "\""), let found = text() else { return false }
        skipSpace()
        guard current == UInt8(ascii: ":") else { return false }
        index += 1
        skipSpace()
        if Self.plain(found) == name { return true }
        skipValue()
        skipSpace()
        guard current == UInt8(ascii: ",") else { return false }
        index += 1
      }
    }

    /// A text without its escapes. Keys that look the same are the same, as for the reader of the records.
    private static func plain(_ text: UnsafeRawBufferPointer.SubSequence) -> String {
      let written = String(decoding: text, as: UTF8.self)
      guard text.contains(UInt8(ascii: "\\")) else { return written }
      return (try? JSONDecoder().decode(String.self, from: Data("\"\(written)\"".utf8))) ?? written
    }

    /// The bytes between the quotes at `index`, escapes as they are; moves behind them.
    private mutating func text() -> UnsafeRawBufferPointer.SubSequence? {
      let start = index + 1
      index = start
      while let byte = current {
        if byte == UInt8(ascii: "\\") {
          index += 2
        } else if byte == UInt8(ascii: "\"") {
          index += 1
          return bytes[start..<index - 1]
        } else {
          index += 1
        }
      }
      return nil
    }

    /// Moves behind the value at `index`.
    private mutating func skipValue() {
      var depth = 0
      while let byte = current {
        switch byte {
        case UInt8(ascii: "\""):
          guard text() != nil else { return }
          if depth == 0 { return }
          continue
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          if depth == 0 { return }
          depth -= 1
          if depth == 0 {
            index += 1
            return
          }
        case UInt8(ascii: ",") where depth == 0: return
        default: break
        }
        index += 1
      }
    }

    /// The text or number at `index`; nil for null, objects and lists.
    mutating func scalar() -> (bytes: [UInt8], isText: Bool)? {
      guard let byte = current else { return nil }
      if byte == UInt8(ascii: "\"") { return text().map { (Array(Self.plain($0).utf8), true) } }
      if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { return nil }
      let start = index
      skipValue()
      let value = bytes[start..<index].filter { $0 > 0x20 }
      return value.isEmpty || value.elementsEqual("null".utf8) ? nil : (value, false)
    }
  }
}
