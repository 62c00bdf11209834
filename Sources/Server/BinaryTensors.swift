/// The protocol's extension for tensors that follow the JSON as bytes, in the order of the inputs.
///
/// Little-endian; BOOL is a byte; an element of BYTES is its length in four bytes and then itself.
///
/// - Source: Triton Inference Server, "Binary tensor data extension".
enum BinaryTensors {
  /// The header that says how many bytes of a body are JSON, in requests and replies.
  static let headerLength: StaticString = "Inference-Header-Content-Length"

  /// Divides a body into its JSON and what follows.
  ///
  /// - Parameter length: The header's text; nil: all is JSON.
  static func divide(
    _ body: UnsafeRawBufferPointer, length: String?
  ) throws -> (json: UnsafeRawBufferPointer, tensors: Range<Int>) {
    guard let length else { return (body, body.count..<body.count) }
    guard let count = Int(length), count >= 0, count <= body.count, length.utf8.allSatisfy({ $0 &- 0x30 < 10 }) else {
      throw APIError.badRequest("\(headerLength) is \(APIError.quote(length)), the body has \(body.count) bytes")
    }
    return (UnsafeRawBufferPointer(rebasing: body[..<count]), count..<body.count)
  }

  /// Gives each element of a numeric tensor.
  static func numbers(
    _ type: TensorType, _ bytes: UnsafeRawBufferPointer, _ body: (Int, Double) throws -> Void
  ) throws {
    func each<Raw: BitwiseCopyable>(_ raw: Raw.Type, _ value: (Raw) -> Double) throws {
      for row in 0..<(bytes.count / MemoryLayout<Raw>.size) {
        try body(row, value(bytes.loadUnaligned(fromByteOffset: row * MemoryLayout<Raw>.size, as: raw)))
      }
    }
    switch type {
    case .bool, .uint8: try each(UInt8.self) { Double($0) }
    case .uint16: try each(UInt16.self) { Double(UInt16(littleEndian: $0)) }
    case .uint32: try each(UInt32.self) { Double(UInt32(littleEndian: $0)) }
    case .uint64: try each(UInt64.self) { Double(UInt64(littleEndian: $0)) }
    case .int8: try each(Int8.self) { Double($0) }
    case .int16: try each(Int16.self) { Double(Int16(littleEndian: $0)) }
    case .int32: try each(Int32.self) { Double(Int32(littleEndian: $0)) }
    case .int64: try each(Int64.self) { Double(Int64(littleEndian: $0)) }
    case .fp16: try each(UInt16.self) { half(UInt16(littleEndian: $0)) }
    case .fp32: try each(UInt32.self) { Double(Float(bitPattern: UInt32(littleEndian: $0))) }
    case .fp64: try each(UInt64.self) { Double(bitPattern: UInt64(littleEndian: $0)) }
    case .bytes: break
    }
  }

  /// The elements of an integer tensor as texts, exact to the last digit.
  static func texts(_ type: TensorType, _ bytes: UnsafeRawBufferPointer, _ body: (Int, String) throws -> Void) throws {
    func load<Raw: FixedWidthInteger>(_ row: Int, _ raw: Raw.Type) -> Raw {
      Raw(littleEndian: bytes.loadUnaligned(fromByteOffset: row * MemoryLayout<Raw>.size, as: raw))
    }
    switch type {
    case .uint64: for row in 0..<(bytes.count / 8) { try body(row, String(load(row, UInt64.self))) }
    case .int64: for row in 0..<(bytes.count / 8) { try body(row, String(load(row, Int64.self))) }
    // A double holds every integer of the others.
    default: try numbers(type, bytes) { row, value in try body(row, String(Int64(value))) }
    }
  }

  /// Gives where each element of a tensor of BYTES lies.
  ///
  /// - Returns: How many there are; nil: a length leads beyond the end.
  static func strings(
    _ bytes: UnsafeRawBufferPointer, _ body: (Int, UnsafeRawBufferPointer) throws -> Void
  ) throws -> Int? {
    var place = 0
    var row = 0
    while place < bytes.count {
      guard bytes.count - place >= 4 else { return nil }
      let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
      guard length <= bytes.count - place - 4 else { return nil }
      try body(row, UnsafeRawBufferPointer(rebasing: bytes[(place + 4)..<(place + 4 + length)]))
      place += 4 + length
      row += 1
    }
    return row
  }

  /// IEEE 754 binary16, which not every platform's Swift has a type for.
  private static func half(_ bits: UInt16) -> Double {
    let sign: Double = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Double(bits & 0x3FF)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * (1 + fraction * 0x1p-10) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }
}
