import JSON
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
    var scanner = JSONScanner(record)
    do {
      for name in path {
        guard scanner.peek() == UInt8(ascii: "{"), try scanner.enter(member: name) else { return nil }
      }
      switch scanner.peek() {
      case UInt8(ascii: "\""): return (Array(try scanner.text(try scanner.string()).utf8), true)
      case UInt8(ascii: "{"), UInt8(ascii: "["): return nil
      default:
        let value = record[try scanner.pass()].filter { $0 > 0x20 }
        return value.isEmpty || value.elementsEqual("null".utf8) ? nil : (value, false)
      }
    } catch {
      return nil
    }
  }
}
