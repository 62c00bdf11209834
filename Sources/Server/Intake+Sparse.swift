import Ingest
import JSON
import Vocabulary

extension Intake {
  /// A column of maps, each as a JSON object in a text, or of texts.
  func fillSparse(_ tensor: InferRequest.Tensor, _ body: UnsafeRawBufferPointer, _ column: Int) throws {
    guard tensor.type == .bytes else {
      throw APIError.badRequest("input “\(tensor.name)” is a map or a text: BYTES")
    }
    guard tensor.width == 1 else { throw tooWide(tensor, 1) }
    func take(_ value: UnsafeRawBufferPointer?, _ row: Int) throws {
      if let value, !TextEncoding.isUTF8(value) { throw misfit(tensor, row, "not UTF-8") }
      try check(
        decoder.decode(sparse: value, column: column, row: row, of: batch), tensor.name, row, size: value?.count)
    }
    if case .binary(let range) = tensor.content {
      return try strings(of: tensor, try binaryElements(of: tensor, range, body)) { try take($1, $0) }
    }
    try elements(of: tensor, body) { scanner, row in
      if try scanner.takeNull() { return try take(nil, row) }
      guard scanner.peek() == UInt8(ascii: "\"") else { throw misfit(tensor, row, "not a value of BYTES") }
      try scanner.unescape(try scanner.string(), into: &content)
      try content.withUnsafeBytes { try take($0, row) }
    }
  }
}
