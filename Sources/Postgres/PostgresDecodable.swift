public import Foundation

/// A Swift type that a column can be read as.
public protocol PostgresDecodable {
  /// The value in `bytes`, PostgreSQL's binary form of a value of type `typeID`; nil when it is not one of this type.
  static func decode(_ bytes: UnsafeRawBufferPointer, typeID: UInt32) -> Self?
}

extension UnsafeRawBufferPointer {
  fileprivate func bigEndian<Integer: FixedWidthInteger>(at offset: Int = 0, as type: Integer.Type) -> Integer? {
    guard offset >= 0, count - offset >= MemoryLayout<Integer>.size else { return nil }
    return Integer(bigEndian: loadUnaligned(fromByteOffset: offset, as: Integer.self))
  }

  /// The elements of a one-dimensional array without nulls.
  fileprivate func arrayElements() -> [UnsafeRawBufferPointer]? {
    guard let dimensions = bigEndian(as: Int32.self) else { return nil }
    if dimensions == 0 { return [] }
    guard dimensions == 1, let length = bigEndian(at: 12, as: Int32.self), length >= 0, Int(length) <= count / 4
    else { return nil }
    var elements: [UnsafeRawBufferPointer] = []
    elements.reserveCapacity(Int(length))
    var offset = 20
    for _ in 0..<length {
      guard let size = bigEndian(at: offset, as: Int32.self), size >= 0, count - offset - 4 >= Int(size) else {
        return nil
      }
      elements.append(UnsafeRawBufferPointer(rebasing: self[(offset + 4)..<(offset + 4 + Int(size))]))
      offset += 4 + Int(size)
    }
    return elements
  }
}

extension Int64: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer, typeID: UInt32) -> Int64? {
    switch typeID {
    case TypeID.int8: bytes.bigEndian(as: Int64.self)
    case TypeID.int4: bytes.bigEndian(as: Int32.self).map(Int64.init)
    case TypeID.int2: bytes.bigEndian(as: Int16.self).map(Int64.init)
    case TypeID.oid: bytes.bigEndian(as: UInt32.self).map(Int64.init)
    default: nil
    }
  }
}

extension Int: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer, typeID: UInt32) -> Int? {
    Int64.decode(bytes, typeID: typeID).flatMap(Int.init(exactly:))
  }
}

extension Int32: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer, typeID: UInt32) -> Int32? {
    Int64.decode(bytes, typeID: typeID).flatMap(Int32.init(exactly:))
  }
}

extension Bool: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer, typeID: UInt32) -> Bool? {
    typeID == TypeID.bool && bytes.count == 1 ? bytes[0] != 0 : nil
  }
}

extension Double: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer, typeID: UInt32) -> Double? {
    switch typeID {
    case TypeID.float8: bytes.bigEndian(as: UInt64.self).map(Double.init(bitPattern:))
    case TypeID.float4: bytes.bigEndian(as: UInt32.self).map { Double(Float(bitPattern: $0)) }
    default: nil
    }
  }
}

extension String: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer, typeID: UInt32) -> String? {
    switch typeID {
    case TypeID.text, TypeID.varchar, TypeID.blankPadded, TypeID.name, TypeID.json:
      String(validating: bytes, as: UTF8.self)
    case TypeID.jsonb:
      // The first byte is the version of the form: 1.
      bytes.first == 1
        ? String(validating: UnsafeRawBufferPointer(rebasing: bytes.dropFirst()), as: UTF8.self) : nil
    default: nil
    }
  }
}

extension [UInt8]: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer, typeID: UInt32) -> [UInt8]? {
    typeID == TypeID.bytea ? [UInt8](bytes) : nil
  }
}

extension Date: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer, typeID: UInt32) -> Date? {
    guard typeID == TypeID.timestamptz, let microseconds = bytes.bigEndian(as: Int64.self) else { return nil }
    return postgresEpoch.addingTimeInterval(Double(microseconds) * 1e-6)
  }
}

/// A column of `bigint[]`.
public struct PostgresInts: PostgresDecodable {
  public let values: [Int64]

  public static func decode(_ bytes: UnsafeRawBufferPointer, typeID: UInt32) -> PostgresInts? {
    guard typeID == TypeID.int8Array, let elements = bytes.arrayElements() else { return nil }
    var values: [Int64] = []
    values.reserveCapacity(elements.count)
    for element in elements {
      guard let value = element.bigEndian(as: Int64.self) else { return nil }
      values.append(value)
    }
    return PostgresInts(values: values)
  }
}
