import Foundation
import JSON
import Postgres

/// A value as JSON text with its keys in order.
///
/// - Throws: `RegistryError.refused` for what JSON cannot hold, as NaN.
func encodeJSON(_ value: some Encodable) throws -> String {
  do { return try JSONText.canonical(value) } catch {
    throw RegistryError(.refused, "a \(type(of: value)) cannot be written as JSON")
  }
}

func decodeJSON<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
  let decoder = JSONDecoder()
  // As `JSONText.canonical` writes them.
  decoder.dateDecodingStrategy = .iso8601
  do { return try decoder.decode(type, from: Data(text.utf8)) } catch {
    throw RegistryError(.damaged, "stored JSON is not a \(type)")
  }
}

extension PostgresValue {
  /// JSON text for a `jsonb` column, which takes every escape but that of the zero character: U+FFFD takes its place.
  static func jsonText(_ text: String) -> PostgresValue {
    guard text.contains("\\u0000") else { return .json(text) }
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.first {
      if byte == UInt8(ascii: "\\") {
        let escape = rest.prefix(6)
        let isZero = escape.elementsEqual("\\u0000".utf8)
        bytes.append(contentsOf: isZero ? Array("\\ufffd".utf8) : Array(rest.prefix(2)))
        rest = rest.dropFirst(isZero ? 6 : 2)
      } else {
        bytes.append(byte)
        rest = rest.dropFirst()
      }
    }
    return .json(String(decoding: bytes, as: UTF8.self))
  }
}

extension Double {
  /// The value where it is a number, nil where it is NaN or infinite.
  var ifFinite: Double? { isFinite ? self : nil }
}
