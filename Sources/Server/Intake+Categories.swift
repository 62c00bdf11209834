import Ingest
import JSON
import Vocabulary

extension Intake {
  func fillCategories(
    _ tensor: InferRequest.Tensor, _ body: UnsafeRawBufferPointer, _ column: Int, _ valuesMax: Int
  ) throws {
    guard tensor.type == .bytes || tensor.type.isInteger else {
      throw APIError.badRequest("input “\(tensor.name)” is a category: BYTES or an integer type")
    }
    guard tensor.width <= valuesMax else { throw tooWide(tensor, valuesMax) }
    // Of a row of several, null is none.
    var values: [String] = []
    func take(_ text: String?, _ element: Int) throws {
      let row = element / tensor.width
      guard tensor.width > 1 else {
        return try check(decoder.decode(category: text, column: column, into: slot(row)), tensor.name, row)
      }
      if let text { values.append(text) }
      guard (element + 1).isMultiple(of: tensor.width) else { return }
      try check(decoder.decode(categories: values, column: column, into: slot(row)), tensor.name, row)
      values.removeAll(keepingCapacity: true)
    }
    if case .binary(let range) = tensor.content {
      let bytes = try binaryElements(of: tensor, range, body)
      guard tensor.type == .bytes else { return try BinaryTensors.texts(tensor.type, bytes) { try take($1, $0) } }
      return try strings(of: tensor, bytes) { element, text in
        guard TextEncoding.isUTF8(text) else { throw misfit(tensor, element / tensor.width, "not UTF-8") }
        try take(String(decoding: text, as: UTF8.self), element)
      }
    }
    try elements(of: tensor, body) { scanner, element in
      try take(try category(&scanner, tensor, element / tensor.width), element)
    }
  }

  private func category(_ scanner: inout JSONScanner, _ tensor: InferRequest.Tensor, _ row: Int) throws -> String? {
    switch scanner.peek() {
    case UInt8(ascii: "n"):
      try scanner.null()
      return nil
    case UInt8(ascii: "\"") where tensor.type == .bytes:
      return try scanner.text(try scanner.string())
    case let byte? where JSONScanner.beginsNumber(byte) && tensor.type.isInteger:
      // As in a record: a whole number counts as its text.
      let number = try fitting(&scanner, tensor, row)
      // -0 is 0 there.
      return number.value == 0 ? "0" : try scanner.text(number.text)
    default: throw wrongKind(&scanner, misfit(tensor, row, "not a value of \(tensor.type.rawValue)"))
    }
  }

  func fillRecords(_ tensor: InferRequest.Tensor, _ body: UnsafeRawBufferPointer) throws {
    guard tensor.type == .bytes else { throw APIError.badRequest("“\(tensor.name)” has the datatype BYTES") }
    guard tensor.width == 1 else { throw tooWide(tensor, 1) }
    if case .binary(let range) = tensor.content {
      return try strings(of: tensor, try binaryElements(of: tensor, range, body)) { row, record in
        try check(decoder.decode(record, into: slot(row)), tensor.name, row, record: record)
        note(record, row, of: tensor.count)
      }
    }
    try elements(of: tensor, body) { scanner, row in
      guard scanner.peek() == UInt8(ascii: "\"") else {
        throw APIError.badRequest("“\(tensor.name)”, row \(row): a string with a JSON record expected")
      }
      try scanner.unescape(try scanner.string(), into: &content)
      try content.withUnsafeBytes { record in
        try check(decoder.decode(record, into: slot(row)), tensor.name, row, record: record)
        note(record, row, of: tensor.count)
      }
    }
  }

  func strings(
    of tensor: InferRequest.Tensor, _ bytes: UnsafeRawBufferPointer,
    _ body: (Int, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let wanted = tensor.count * tensor.width
    let count = try BinaryTensors.strings(bytes) { element, text in
      guard element < wanted else {
        throw APIError.badRequest("input “\(tensor.name)” has more data than its shape says")
      }
      try body(element, text)
    }
    guard count == wanted else {
      throw APIError.badRequest(
        count.map { "input “\(tensor.name)” has \($0) elements, its shape says \(wanted)" }
          ?? "input “\(tensor.name)”: the length of an element leads beyond the end of the data")
    }
  }
}
