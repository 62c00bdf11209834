import JSON

/// The data types of the protocol, and the values that each allows.
enum TensorType: String, CaseIterable {
  case bool = "BOOL"
  case uint8 = "UINT8"
  case uint16 = "UINT16"
  case uint32 = "UINT32"
  case uint64 = "UINT64"
  case int8 = "INT8"
  case int16 = "INT16"
  case int32 = "INT32"
  case int64 = "INT64"
  case fp16 = "FP16"
  case fp32 = "FP32"
  case fp64 = "FP64"
  case bytes = "BYTES"

  /// By its name in ASCII.
  init?(_ name: UnsafeRawBufferPointer) {
    let word = Self.word(name)
    guard let found = Self.names.first(where: { $0.word == word }) else { return nil }
    self = found.type
  }

  /// No name has more than eight letters: it is a number, its first letter the lowest byte.
  private static func word(_ name: some Collection<UInt8>) -> UInt64 {
    guard name.count <= 8 else { return 0 }
    var word: UInt64 = 0
    var shift: UInt64 = 0
    for byte in name {
      word |= UInt64(byte) << shift
      shift += 8
    }
    return word
  }

  private static let names = allCases.map { (word: word($0.rawValue.utf8), type: $0) }

  /// What becomes of a number that stands in a tensor.
  enum Fit { case fits, overflows, wrongKind }

  var isInteger: Bool { integerRange != nil }
  var isFloat: Bool { self == .fp16 || self == .fp32 || self == .fp64 }

  /// Bytes an element in a binary tensor; nil: each says its own length.
  var elementBytes: Int? {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .fp16: 2
    case .uint32, .int32, .fp32: 4
    case .uint64, .int64, .fp64: 8
    case .bytes: nil
    }
  }

  /// What an integer type holds, to the last unit.
  private var integerRange: ClosedRange<Int128>? {
    switch self {
    case .uint8: Int128(UInt8.min)...Int128(UInt8.max)
    case .uint16: Int128(UInt16.min)...Int128(UInt16.max)
    case .uint32: Int128(UInt32.min)...Int128(UInt32.max)
    case .uint64: Int128(UInt64.min)...Int128(UInt64.max)
    case .int8: Int128(Int8.min)...Int128(Int8.max)
    case .int16: Int128(Int16.min)...Int128(Int16.max)
    case .int32: Int128(Int32.min)...Int128(Int32.max)
    case .int64: Int128(Int64.min)...Int128(Int64.max)
    default: nil
    }
  }

  /// Whether `number` may stand in a tensor of this type.
  func fit(_ number: JSONScanner.Number) -> Fit {
    if let integerRange {
      guard number.isInteger else { return .wrongKind }
      return number.integer.map { integerRange.contains($0) } == true ? .fits : .overflows
    }
    switch self {
    case .bool: return number.value == 0 || number.value == 1 ? .fits : .wrongKind
    // 65,520 is the first number that rounds to more than the largest.
    case .fp16: return abs(number.value) < 65_520 ? .fits : .overflows
    case .fp32: return Float(number.value).isFinite ? .fits : .overflows
    case .fp64: return number.value.isFinite ? .fits : .overflows
    default: return .wrongKind
    }
  }
}
