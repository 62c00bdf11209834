/// A request for predictions, taken apart but not yet converted: where each tensor's data lies in the body.
struct InferRequest {
  struct Tensor {
    var name: String
    var type: TensorType
    /// Rows.
    var count: Int
    /// Where the value of `data` begins.
    var data: Int
  }

  /// The id's text with its quotes, as it was written.
  var id: Range<Int>?
  var inputs: [Tensor] = []
  /// The outputs asked for; nil: all.
  var outputs: [String]?

  /// Reads the body of `infer`, checked from its first byte to its last.
  init(_ body: UnsafeRawBufferPointer) throws {
    var scanner = JSONScanner(body)
    guard scanner.peek() == UInt8(ascii: "{") else { throw scanner.malformed("an object expected") }
    var hasInputs = false
    try scanner.members { scanner, key in
      switch key {
      case "id":
        guard scanner.peek() == UInt8(ascii: "\"") else { throw APIError.badRequest("“id” is a string") }
        let content = try scanner.string()
        _ = try scanner.text(content)
        id = content.lowerBound - 1..<content.upperBound + 1
      case "inputs":
        hasInputs = true
        inputs = []
        guard scanner.peek() == UInt8(ascii: "[") else { throw APIError.badRequest("“inputs” is a list") }
        try scanner.elements { inputs.append(try Self.tensor(&$0)) }
      case "outputs":
        guard scanner.peek() == UInt8(ascii: "[") else { throw APIError.badRequest("“outputs” is a list") }
        var names: [String] = []
        try scanner.elements { names.append(try Self.outputName(&$0)) }
        outputs = names
      default:
        try scanner.skip()
      }
    }
    try scanner.end()
    guard hasInputs, !inputs.isEmpty else { throw APIError.badRequest("“inputs” is missing or empty") }
  }

  private static func tensor(_ scanner: inout JSONScanner) throws -> Tensor {
    guard scanner.peek() == UInt8(ascii: "{") else { throw APIError.badRequest("each input is an object") }
    var name: String?
    var typeName: String?
    var shape: [Int]?
    var data: Int?
    try scanner.members { scanner, key in
      switch key {
      case "name": name = try string(&scanner, "name")
      case "datatype": typeName = try string(&scanner, "datatype")
      case "shape": shape = try dimensions(&scanner)
      case "data":
        guard scanner.peek() == UInt8(ascii: "[") else { throw APIError.badRequest("“data” is a list") }
        data = scanner.position
        try scanner.skip()
      default: try scanner.skip()
      }
    }
    guard let name else { throw APIError.badRequest("an input has no name") }
    guard let typeName else { throw APIError.badRequest("input “\(name)” has no datatype") }
    guard let type = TensorType(rawValue: typeName) else {
      throw APIError.badRequest("input “\(name)” has the unknown datatype “\(typeName)”")
    }
    guard let shape else { throw APIError.badRequest("input “\(name)” has no shape") }
    guard shape.count == 1 || (shape.count == 2 && shape[1] == 1), shape[0] > 0 else {
      throw APIError.badRequest("input “\(name)” has the shape \(shape); [N] and [N,1] with N ≥ 1 are understood")
    }
    guard let data else {
      throw APIError.badRequest("input “\(name)” has no data (only JSON data is understood)")
    }
    return Tensor(name: name, type: type, count: shape[0], data: data)
  }

  private static func outputName(_ scanner: inout JSONScanner) throws -> String {
    guard scanner.peek() == UInt8(ascii: "{") else { throw APIError.badRequest("each output is an object") }
    var name: String?
    try scanner.members { scanner, key in
      if key == "name" { name = try string(&scanner, "name") } else { try scanner.skip() }
    }
    guard let name else { throw APIError.badRequest("an output has no name") }
    return name
  }

  private static func string(_ scanner: inout JSONScanner, _ key: String) throws -> String {
    guard scanner.peek() == UInt8(ascii: "\"") else { throw APIError.badRequest("“\(key)” is a string") }
    return try scanner.text(try scanner.string())
  }

  private static func dimensions(_ scanner: inout JSONScanner) throws -> [Int] {
    guard scanner.peek() == UInt8(ascii: "[") else { throw APIError.badRequest("“shape” is a list") }
    var shape: [Int] = []
    try scanner.elements { scanner in
      let number = try scanner.number()
      guard number.isInteger, let dimension = Int(exactly: number.value), shape.count < 8 else {
        throw APIError.badRequest("“shape” is a short list of whole numbers")
      }
      shape.append(dimension)
    }
    return shape
  }
}
