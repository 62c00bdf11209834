/// A fact in the metadata of a log line.
public enum LogValue: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
{
  case string(String)
  case integer(Int64)
  case number(Double)
  case flag(Bool)

  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .flag(value) }

  public init(_ value: some BinaryInteger) { self = .integer(Int64(clamping: value)) }
  public init(_ value: Double) { self = .number(value) }
  public init(_ value: Bool) { self = .flag(value) }
  /// Whatever describes itself: a rank, a generation, an error whose description shows no secret.
  public init(_ value: some CustomStringConvertible) { self = .string(value.description) }
  public init(describing error: any Error) { self = .string(String(describing: error)) }
}
