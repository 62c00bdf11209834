import Ingest
import JSON
import Vocabulary

extension Intake {
  func fillNumbers(
    _ tensor: InferRequest.Tensor, _ body: UnsafeRawBufferPointer, _ column: Int, takesText: Bool
  ) throws {
    guard tensor.type != .bytes || takesText else {
      throw APIError.badRequest("input “\(tensor.name)” is a number: FP32, FP64, an integer type or BOOL")
    }
    guard tensor.width == 1 else { throw tooWide(tensor, 1) }
    if tensor.type == .bytes { return try fillTexts(tensor, body, column) }
    if case .binary(let range) = tensor.content {
      let bytes = try binaryElements(of: tensor, range, body)
      return try BinaryTensors.numbers(tensor.type, bytes) { row, value in
        guard !value.isNaN else {
          throw APIError.badRequest(
            "input “\(tensor.name)”, row \(row): NaN is no number; an absent value is null, in JSON data")
        }
        guard tensor.type != .bool || value <= 1 else { throw misfit(tensor, row, "not a value of BOOL") }
        try check(decoder.decode(number: value, column: column, into: slot(row)), tensor.name, row)
      }
    }
    if let number = tensor.only, tensor.count == 1 {
      try fit(number, body, tensor, 0)
      return try check(decoder.decode(number: number.value, column: column, into: slot(0)), tensor.name, 0)
    }
    try elements(of: tensor, body) { scanner, row in
      let value = try number(&scanner, tensor, row)
      try check(decoder.decode(number: value, column: column, into: slot(row)), tensor.name, row)
    }
  }

  /// Numbers and times as texts.
  private func fillTexts(_ tensor: InferRequest.Tensor, _ body: UnsafeRawBufferPointer, _ column: Int) throws {
    func take(_ text: String?, _ row: Int) throws {
      let outcome =
        text.map { decoder.decode(numberText: $0, column: column, into: slot(row)) }
        ?? decoder.decode(number: nil, column: column, into: slot(row))
      try check(outcome, tensor.name, row)
    }
    if case .binary(let range) = tensor.content {
      return try strings(of: tensor, try binaryElements(of: tensor, range, body)) { row, text in
        guard TextEncoding.isUTF8(text) else { throw misfit(tensor, row, "not UTF-8") }
        try take(String(decoding: text, as: UTF8.self), row)
      }
    }
    try elements(of: tensor, body) { scanner, row in
      if try scanner.takeNull() { return try take(nil, row) }
      guard scanner.peek() == UInt8(ascii: "\"") else { throw misfit(tensor, row, "not a value of BYTES") }
      try take(try scanner.text(try scanner.string()), row)
    }
  }

  private func number(_ scanner: inout JSONScanner, _ tensor: InferRequest.Tensor, _ row: Int) throws -> Double? {
    switch scanner.peek() {
    case UInt8(ascii: "n"):
      try scanner.null()
      return nil
    case UInt8(ascii: "t") where tensor.type == .bool, UInt8(ascii: "f") where tensor.type == .bool:
      return try scanner.boolean() ? 1 : 0
    case let byte? where JSONScanner.beginsNumber(byte): return try fitting(&scanner, tensor, row).value
    default: throw wrongKind(&scanner, misfit(tensor, row, "not a value of \(tensor.type.rawValue)"))
    }
  }

  /// A number that its tensor may hold.
  func fitting(_ scanner: inout JSONScanner, _ tensor: InferRequest.Tensor, _ row: Int) throws -> JSONScanner.Number {
    let number = try scanner.number()
    try fit(number, scanner.bytes, tensor, row)
    return number
  }

  private func fit(
    _ number: JSONScanner.Number, _ bytes: UnsafeRawBufferPointer, _ tensor: InferRequest.Tensor, _ row: Int
  ) throws {
    switch tensor.type.fit(number) {
    case .fits: return
    case .overflows:
      let text = String(decoding: bytes[number.text].prefix(40), as: UTF8.self)
      throw misfit(tensor, row, "overflow: \(text)\(number.text.count > 40 ? "…" : "") is no \(tensor.type.rawValue)")
    case .wrongKind: throw misfit(tensor, row, "not a value of \(tensor.type.rawValue)")
    }
  }

  func misfit(_ tensor: InferRequest.Tensor, _ row: Int, _ what: String) -> APIError {
    .badRequest("input “\(tensor.name)”, row \(row): \(what)")
  }

  func tooWide(_ tensor: InferRequest.Tensor, _ valuesMax: Int) -> APIError {
    let allowed = valuesMax == 1 ? "one value a row" : "at most \(valuesMax) values a row"
    return .badRequest(
      "input “\(tensor.name)” has the shape [\(tensor.count), \(tensor.width)]; it has \(allowed)")
  }
}
