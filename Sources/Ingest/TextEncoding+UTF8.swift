import CJSON
public import Vocabulary

extension TextEncoding {
  /// Whether bytes are text, at the speed of the record decoder.
  public static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.baseAddress.map { cjson_is_utf8($0, bytes.count) } ?? true
  }

  /// Where the first byte lies that is no UTF-8; nil: all are.
  public static func firstFault(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var place = 0
    while true {
      switch parser.parseScalar(from: &iterator) {
      case .valid(let scalar): place += scalar.count
      case .error: return place
      case .emptyInput: return nil
      }
    }
  }
}
