import CJSON
import Foundation
public import Vocabulary

extension TextEncoding {
  /// Characters in a row that may join the one before them, at most, in a text that is brought into a normal form.
  ///
  /// - Source: Unicode Standard Annex 15, section 13, "Stream-Safe Text Format".
  public static let rowMax = Int(CJSON_ROW_MAX)

  /// What a text is compared and hashed as: Unicode's Normalization Form C, or itself where it is not stream-safe.
  ///
  /// - Complexity: Linear.
  static func normalForm(_ text: String) -> String {
    var text = text
    return text.withUTF8 { bytes in
      guard let start = bytes.baseAddress else { return "" }
      let most = 3 * bytes.count
      return String(unsafeUninitializedCapacity: most) {
        cjson_normal_form(start, bytes.count, normalizedText, $0.baseAddress, most)
      }
    }
  }

  /// Whether no row of combining marks is longer than `rowMax`. Ordering such a row takes the square of its length, and
  /// Swift does so whenever it compares or hashes a `String`: texts of strangers are looked at before.
  ///
  /// - Parameter isJSON: Characters that are escaped count too.
  public static func isStreamSafe(_ bytes: UnsafeRawBufferPointer, isJSON: Bool = false) -> Bool {
    bytes.baseAddress.map { cjson_longest_row($0, bytes.count, isJSON) <= rowMax } ?? true
  }
}

/// A text of bounded length in Normalization Form C, for the shim. Called for few texts: nearly all are in it already.
let normalizedText: cjson_normalize = { text, length, out, room in
  let given = String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
  var normal = given.precomposedStringWithCanonicalMapping
  return normal.withUTF8 { bytes in
    if bytes.count <= room, let source = bytes.baseAddress { out?.copyMemory(from: source, byteCount: bytes.count) }
    return bytes.count
  }
}
