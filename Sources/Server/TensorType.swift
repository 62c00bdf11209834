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

  var isInteger: Bool { integerRange != nil }
  var isFloat: Bool { self == .fp16 || self == .fp32 || self == .fp64 }

  /// What an integer type holds; the upper bound of 64 bits is checked as a double.
  private var integerRange: ClosedRange<Double>? {
    switch self {
    case .uint8: 0...255
    case .uint16: 0...65_535
    case .uint32: 0...4_294_967_295
    case .uint64: 0...0x1p64.nextDown
    case .int8: -128...127
    case .int16: -32_768...32_767
    case .int32: -2_147_483_648...2_147_483_647
    case .int64: -0x1p63...0x1p63.nextDown
    default: nil
    }
  }

  /// Whether `number` may stand in a tensor of this type.
  func holds(_ number: JSONScanner.Number) -> Bool {
    if let integerRange { return number.isInteger && integerRange.contains(number.value) }
    if self == .bool { return number.value == 0 || number.value == 1 }
    return isFloat
  }
}
