public import Foundation

/// A parameter of a statement. Values never become part of the SQL text.
public enum PostgresValue: Sendable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  /// Text of whatever type the statement expects there. No zero bytes.
  case text(String)
  case json(String)
  case bytes([UInt8])
  /// A part of a larger buffer, sent without copying it first.
  case slice(ArraySlice<UInt8>)
  case time(Date)
  case ints([Int64])
  case texts([String])

  public static func integer(_ value: some BinaryInteger) -> PostgresValue { .int(Int64(value)) }
  public static func maybe(_ value: Int64?) -> PostgresValue { value.map { .int($0) } ?? .null }
  public static func maybe(_ value: Double?) -> PostgresValue { value.map { .double($0) } ?? .null }
  public static func maybe(_ value: String?) -> PostgresValue { value.map { .text($0) } ?? .null }
  public static func maybe(_ value: [UInt8]?) -> PostgresValue { value.map { .bytes($0) } ?? .null }
  public static func maybe(_ value: Date?) -> PostgresValue { value.map { .time($0) } ?? .null }
}

/// The object identifiers of the built-in types that this door speaks.
///
/// - Source: PostgreSQL `src/include/catalog/pg_type.dat`.
enum TypeID {
  static let bool: UInt32 = 16
  static let bytea: UInt32 = 17
  static let name: UInt32 = 19
  static let int8: UInt32 = 20
  static let int2: UInt32 = 21
  static let int4: UInt32 = 23
  static let text: UInt32 = 25
  static let oid: UInt32 = 26
  static let json: UInt32 = 114
  static let float4: UInt32 = 700
  static let float8: UInt32 = 701
  static let textArray: UInt32 = 1009
  static let int8Array: UInt32 = 1016
  static let blankPadded: UInt32 = 1042
  static let varchar: UInt32 = 1043
  static let timestamptz: UInt32 = 1184
  static let jsonb: UInt32 = 3802
}

/// PostgreSQL counts microseconds from 2000-01-01 00:00 UTC.
let postgresEpoch = Date(timeIntervalSince1970: 946_684_800)

extension PostgresValue {
  /// The type to declare; zero lets the server infer it.
  var typeID: UInt32 {
    switch self {
    case .null, .text: 0
    case .bool: TypeID.bool
    case .int: TypeID.int8
    case .double: TypeID.float8
    case .json: TypeID.jsonb
    case .bytes, .slice: TypeID.bytea
    case .time: TypeID.timestamptz
    case .ints: TypeID.int8Array
    case .texts: TypeID.textArray
    }
  }

  /// Text travels as text (with its closing zero), everything else in PostgreSQL's binary form.
  var isBinary: Bool {
    switch self {
    case .null, .text, .json: false
    default: true
    }
  }

  /// Appends the wire form to `arena`; bytes are sent from where they lie and append nothing.
  func encode(into arena: inout [UInt8]) throws {
    switch self {
    case .null, .bytes, .slice: break
    case .bool(let value): arena.append(value ? 1 : 0)
    case .int(let value): arena.appendBigEndian(value)
    case .double(let value): arena.appendBigEndian(value.bitPattern)
    case .text(let value), .json(let value):
      guard !value.utf8.contains(0) else {
        throw PostgresError(.statement, "a text parameter holds a zero byte, which PostgreSQL cannot store")
      }
      arena.append(contentsOf: value.utf8)
      arena.append(0)
    case .time(let value):
      arena.appendBigEndian(Int64((value.timeIntervalSince(postgresEpoch) * 1e6).rounded()))
    case .ints(let values):
      arena.appendArrayHeader(of: TypeID.int8, count: values.count)
      for value in values {
        arena.appendBigEndian(Int32(8))
        arena.appendBigEndian(value)
      }
    case .texts(let values):
      arena.appendArrayHeader(of: TypeID.text, count: values.count)
      for value in values {
        arena.appendBigEndian(Int32(value.utf8.count))
        arena.append(contentsOf: value.utf8)
      }
    }
  }
}

extension [UInt8] {
  mutating func appendBigEndian(_ value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }

  /// Dimensions, no nulls, element type, length, lower bound 1.
  fileprivate mutating func appendArrayHeader(of type: UInt32, count: Int) {
    appendBigEndian(Int32(count == 0 ? 0 : 1))
    appendBigEndian(Int32(0))
    appendBigEndian(type)
    guard count > 0 else { return }
    appendBigEndian(Int32(count))
    appendBigEndian(Int32(1))
  }
}
