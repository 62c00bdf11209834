import JSON

extension Intake {
  /// Calls `body` for each element of a tensor in JSON: flat, or one list a row, but not both.
  func elements(
    of tensor: InferRequest.Tensor, _ bytes: UnsafeRawBufferPointer,
    _ body: (inout JSONScanner, Int) throws -> Void
  ) throws {
    guard case .json(let place) = tensor.content else { preconditionFailure("a tensor of bytes is no JSON") }
    var scanner = JSONScanner(bytes, at: place)
    let wanted = tensor.count * tensor.width
    var element = 0
    var isNested: Bool?
    func takeOne(_ scanner: inout JSONScanner) throws {
      guard element < wanted else {
        throw APIError.badRequest("input “\(tensor.name)” has more data than its shape says")
      }
      try body(&scanner, element)
      element += 1
    }
    try scanner.elements { scanner in
      let begins = scanner.peek() == UInt8(ascii: "[")
      guard isNested == nil || isNested == begins else { throw ragged(tensor, element) }
      isNested = begins
      guard begins else { return try takeOne(&scanner) }
      let first = element
      try scanner.elements { scanner in
        guard element - first < tensor.width else { throw ragged(tensor, element) }
        try takeOne(&scanner)
      }
      guard element - first == tensor.width else { throw ragged(tensor, element) }
    }
    guard element == wanted else {
      throw APIError.badRequest("input “\(tensor.name)” has \(element) elements, its shape says \(wanted)")
    }
  }

  /// Of an element that is no number where one is wanted: what no JSON value begins like is none, as of a list that nobody has
  /// looked at before.
  func wrongKind(_ scanner: inout JSONScanner, _ misfit: APIError) -> any Error {
    guard let byte = scanner.peek(), !"\"{[tfn".utf8.contains(byte) else { return misfit }
    return scanner.notAValue()
  }

  /// The bytes of a binary tensor; those of numbers are as many as its shape says.
  func binaryElements(
    of tensor: InferRequest.Tensor, _ range: Range<Int>, _ body: UnsafeRawBufferPointer
  ) throws -> UnsafeRawBufferPointer {
    if let size = tensor.type.elementBytes, range.count != size * tensor.count * tensor.width {
      throw APIError.badRequest(
        "input “\(tensor.name)” has \(range.count) bytes, its shape and datatype say "
          + "\(size * tensor.count * tensor.width)")
    }
    return UnsafeRawBufferPointer(rebasing: body[range])
  }

  private func ragged(_ tensor: InferRequest.Tensor, _ element: Int) -> APIError {
    .badRequest(
      "input “\(tensor.name)”, row \(element / tensor.width): “data” is neither flat nor one list of "
        + "\(tensor.width) a row")
  }
}
