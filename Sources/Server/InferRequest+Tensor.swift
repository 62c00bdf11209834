import JSON

extension InferRequest {
  /// - Parameter binary: What is left of the tensors' bytes; the input takes its own from the front.
  static func tensor(_ scanner: inout JSONScanner, _ binary: inout Range<Int>, rowsMax: Int) throws -> Tensor {
    guard scanner.peek() == UInt8(ascii: "{") else { throw APIError.badRequest("each input is an object") }
    var name: Range<Int>?
    var isPlain = true
    var type: Range<Int>?
    var isPlainType = true
    var shape: (count: Int, width: Int, rank: Int)?
    var shapeText = 0..<0
    var data: Int?
    var only: JSONScanner.Number?
    var binaryBytes: Int?
    try scanner.members { scanner, key in
      if try scanner.takeNull() { return }
      switch key {
      case "name": name = try self.name(&scanner, "name", isTwice: name != nil, isPlain: &isPlain)
      case "datatype":
        type = try self.name(&scanner, "datatype", isTwice: type != nil, isPlain: &isPlainType)
      case "shape":
        guard shape == nil else { throw APIError.badRequest("“shape” is there twice") }
        let start = scanner.position
        let found = try dimensions(&scanner)
        guard found.count <= rowsMax else { throw APIError.tooManyRows(String(found.count), rowsMax) }
        shape = found
        shapeText = start..<scanner.position
      case "data":
        guard data == nil else { throw APIError.badRequest("“data” is there twice") }
        guard scanner.peek() == UInt8(ascii: "[") else { throw APIError.badRequest("“data” is a list") }
        data = scanner.position
        only = try takeOnly(&scanner)
        // What is read into the batch is checked there.
        if only == nil, !scanner.passNumbers() { try scanner.skip() }
      case "parameters":
        try parameters(&scanner, of: "an input") { scanner, key in
          guard case "binary_data_size" = key else { return false }
          binaryBytes = try size(&scanner)
          return true
        }
      default: try scanner.skip()
      }
    }
    guard let name else { throw APIError.badRequest("an input has no name") }
    let bytes = UnsafeRawBufferPointer(rebasing: scanner.bytes[name])
    var tensor = Tensor(
      nameBytes: bytes, isPlain: isPlain, type: .fp32, count: 0, width: 0, content: .json(0), only: only)
    guard let type else { throw APIError.badRequest("input \(APIError.quote(tensor.name)) has no datatype") }
    let written = UnsafeRawBufferPointer(rebasing: scanner.bytes[type])
    guard let found = isPlainType ? TensorType(written) : TensorType(rawValue: try scanner.text(type)) else {
      let known = TensorType.allCases.map(\.rawValue).joined(separator: ", ")
      throw APIError.badRequest(
        "input \(APIError.quote(tensor.name)) has the unknown datatype \(APIError.quote(try scanner.text(type))), "
          + "not one of \(known)")
    }
    tensor.type = found
    guard let shape else { throw APIError.badRequest("input \(APIError.quote(tensor.name)) has no shape") }
    guard shape.rank == 1 || shape.rank == 2, shape.count > 0, shape.rank == 1 || (1...widthMax).contains(shape.width)
    else {
      let text = String(decoding: scanner.bytes[shapeText].prefix(64), as: UTF8.self)
      throw APIError.badRequest(
        "input \(APIError.quote(tensor.name)) has the shape \(text); [N] and [N,1] with N ≥ 1 are understood, [N,K] for lists, and [N,F] for all features"
      )
    }
    (tensor.count, tensor.width) = (shape.count, shape.rank == 2 ? shape.width : 1)
    tensor.content = try content(tensor, data: data, binaryBytes: binaryBytes, &binary)
    return tensor
  }

  /// Elements a row, at most.
  private static let widthMax = 1 << 16

  /// Passes a list of one number; nil, and nothing is passed: it is something else.
  private static func takeOnly(_ scanner: inout JSONScanner) throws -> JSONScanner.Number? {
    let start = scanner.position
    try scanner.take("[")
    if let byte = scanner.peek(), JSONScanner.beginsNumber(byte) {
      let number = try scanner.number()
      if scanner.takeIf("]") { return number }
    }
    scanner.position = start
    return nil
  }

  private static func content(
    _ tensor: Tensor, data: Int?, binaryBytes: Int?, _ binary: inout Range<Int>
  ) throws -> Tensor.Content {
    switch (data, binaryBytes) {
    case (let data?, nil): return .json(data)
    case (nil, let count?):
      guard count <= binary.count else {
        throw APIError.badRequest(
          "input \(APIError.quote(tensor.name)) has a “binary_data_size” of \(count), but \(binary.count) bytes are left after the JSON "
            + "(the header \(BinaryTensors.headerLength) says where it ends)")
      }
      let range = binary.prefix(count)
      binary = binary.dropFirst(count)
      return .binary(range)
    case (nil, nil): throw APIError.badRequest("input \(APIError.quote(tensor.name)) has no data")
    default:
      throw APIError.badRequest(
        "input \(APIError.quote(tensor.name)) has “data” and “binary_data_size”: one of them is too many")
    }
  }

  /// The first two of the extents, and how many there are.
  private static func dimensions(_ scanner: inout JSONScanner) throws -> (count: Int, width: Int, rank: Int) {
    guard scanner.peek() == UInt8(ascii: "[") else { throw APIError.badRequest("“shape” is a list") }
    var shape = (count: 0, width: 0, rank: 0)
    try scanner.elements { scanner in
      let number = try scanner.number()
      guard shape.rank < 8, let dimension = number.integer.flatMap({ Int(exactly: $0) }) else {
        throw APIError.badRequest("“shape” is a short list of whole numbers")
      }
      if shape.rank == 0 { shape.count = dimension } else if shape.rank == 1 { shape.width = dimension }
      shape.rank += 1
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
