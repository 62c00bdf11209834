/// A floating-point property that JSON can hold whatever its value: `"nan"`, `"inf"` and `"-inf"` stand for what JSON
/// has no number for.
@propertyWrapper
public struct JSONSafe<Value: BinaryFloatingPoint & Codable & Sendable & LosslessStringConvertible>: Sendable, Hashable,
  Codable
{
  public var wrappedValue: Value

  public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Value.self) {
      wrappedValue = value
      return
    }
    let text = try container.decode(String.self)
    guard let value = Value(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is not a number")
    }
    wrappedValue = value
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if wrappedValue.isFinite {
      try container.encode(wrappedValue)
    } else {
      try container.encode(wrappedValue.isNaN ? "nan" : wrappedValue.description)
    }
  }
}
