import JSON

extension InferRequest {
  /// - Parameter binary: What is left of the tensors' bytes; the input takes its own from the front.
  static func tensor(_ scanner: inout JSONScanner, _ binary: inout Range<Int>) throws -> Tensor {
    guard scanner.peek() == UInt8(ascii: "{") else { throw APIError.badRequest("each input is an object") }
    var name: String?
    var typeName: String?
    var shape: [Int]?
    var data: Int?
    var binaryBytes: Int?
    try scanner.members { scanner, key in
      if try scanner.takeNull() { return }
      switch key {
      case "name": name = try string(&scanner, key, isTwice: name != nil)
      case "datatype": typeName = try string(&scanner, key, isTwice: typeName != nil)
      case "shape":
        guard shape == nil else { throw APIError.badRequest("“shape” is there twice") }
        shape = try dimensions(&scanner)
      case "data":
        guard data == nil else { throw APIError.badRequest("“data” is there twice") }
        guard scanner.peek() == UInt8(ascii: "[") else { throw APIError.badRequest("“data” is a list") }
        data = scanner.position
        try scanner.skip()
      case "parameters":
        try parameters(&scanner, of: "an input") { scanner, key in
          guard key == "binary_data_size" else { return false }
          binaryBytes = try size(&scanner)
          return true
        }
      default: try scanner.skip()
      }
    }
    guard let name else { throw APIError.badRequest("an input has no name") }
    guard let typeName else { throw APIError.badRequest("input \(APIError.quote(name)) has no datatype") }
    guard let type = TensorType(rawValue: typeName) else {
      let known = TensorType.allCases.map(\.rawValue).joined(separator: ", ")
      throw APIError.badRequest(
        "input \(APIError.quote(name)) has the unknown datatype \(APIError.quote(typeName)), not one of \(known)")
    }
    guard let shape else { throw APIError.badRequest("input \(APIError.quote(name)) has no shape") }
    guard shape.count == 1 || shape.count == 2, shape[0] > 0, shape.count == 1 || (1...4096).contains(shape[1]) else {
      throw APIError.badRequest(
        "input \(APIError.quote(name)) has the shape \(shape); [N] and [N,1] with N ≥ 1 are understood, and [N,K] for lists"
      )
    }
    return Tensor(
      name: name, type: type, count: shape[0], width: shape.count == 2 ? shape[1] : 1,
      content: try content(name, data: data, binaryBytes: binaryBytes, &binary))
  }

  private static func content(
    _ name: String, data: Int?, binaryBytes: Int?, _ binary: inout Range<Int>
  ) throws -> Tensor.Content {
    switch (data, binaryBytes) {
    case (let data?, nil): return .json(data)
    case (nil, let count?):
      guard count <= binary.count else {
        throw APIError.badRequest(
          "input \(APIError.quote(name)) has a “binary_data_size” of \(count), but \(binary.count) bytes are left after the JSON "
            + "(the header \(BinaryTensors.headerLength) says where it ends)")
      }
      let range = binary.prefix(count)
      binary = binary.dropFirst(count)
      return .binary(range)
    case (nil, nil): throw APIError.badRequest("input \(APIError.quote(name)) has no data")
    default:
      throw APIError.badRequest(
        "input \(APIError.quote(name)) has “data” and “binary_data_size”: one of them is too many")
    }
  }

  private static func dimensions(_ scanner: inout JSONScanner) throws -> [Int] {
    guard scanner.peek() == UInt8(ascii: "[") else { throw APIError.badRequest("“shape” is a list") }
    var shape: [Int] = []
    try scanner.elements { scanner in
      let number = try scanner.number()
      guard shape.count < 8, let dimension = number.integer.flatMap({ Int(exactly: $0) }) else {
        throw APIError.badRequest("“shape” is a short list of whole numbers")
      }
      shape.append(dimension)
    }
    return shape
  }

  private static func size(_ scanner: inout JSONScanner) throws -> Int {
    guard let size = try scanner.number().integer.flatMap({ Int(exactly: $0) }), size >= 0 else {
      throw APIError.badRequest("“binary_data_size” is a number of bytes")
    }
    return size
  }
}
