import Foundation

extension JSONText {
  /// A value as one line of text that depends on nothing but the value: keys sorted, times in ISO 8601.
  ///
  /// - Throws: `EncodingError` for what JSON cannot hold, as NaN.
  public static func canonical(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
