import Ingest
import JSON
import Vocabulary

extension Intake {
  /// All features of each row, in the order of the schema: [N, F], as JSON or as bytes.
  ///
  /// As in columns of their own null is an absent value, and NaN is refused.
  func fillTensor(_ tensor: InferRequest.Tensor, _ body: UnsafeRawBufferPointer) throws {
    let columns = featureColumns
    guard tensor.type != .bytes, tensor.type != .bool else {
      throw APIError.badRequest("input “\(tensor.name)” holds numbers: FP32, FP64, FP16 or an integer type")
    }
    guard tensor.width == columns.count else {
      throw APIError.badRequest(
        "input “\(tensor.name)” has the shape [\(tensor.count), \(tensor.width)]; the model reads \(columns.count) features, "
          + "in the order of its metadata: [\(tensor.count), \(columns.count)]")
    }
    if try fillPlainly(tensor, body) { return }
    // Of a category the text counts, and a number that is whole has one.
    func take(_ value: Double?, isWhole: Bool, text: () throws -> String, _ row: Int, _ place: Int) throws {
      switch columns[place] {
      case .number(let column, _):
        try check(decoder.decode(number: value, column: column, into: slot(row)), row, place)
      case .category(let column, _):
        guard value == nil || isWhole else {
          throw misfit(tensor, row, place, "a category is a whole number here")
        }
        let text = try value.map { $0 == 0 ? "0" : try text() }
        try check(decoder.decode(category: text, column: column, into: slot(row)), row, place)
      case .sparse: preconditionFailure("a map or a text in a tensor")
      }
    }
    func check(_ outcome: DecodeOutcome, _ row: Int, _ place: Int) throws {
      if case .example = outcome { return }
      try self.check(outcome, features[place].name, row)
    }
    if case .binary(let range) = tensor.content {
      let bytes = try binaryElements(of: tensor, range, body)
      try BinaryTensors.numbers(tensor.type, bytes) { element, value in
        let (row, place) = element.quotientAndRemainder(dividingBy: tensor.width)
        guard !value.isNaN else {
          throw misfit(tensor, row, place, "NaN is no number; an absent value is null, in JSON data")
        }
        let whole = Int64(exactly: value)
        try take(value, isWhole: whole != nil, text: { String(whole ?? 0) }, row, place)
      }
    } else {
      var (row, place) = (0, 0)
      try elements(of: tensor, body) { scanner, _ in
        switch scanner.peek() {
        case UInt8(ascii: "n"):
          try scanner.null()
          try take(nil, isWhole: false, text: { "" }, row, place)
        case let byte? where JSONScanner.beginsNumber(byte):
          let number = try scanner.number()
          switch tensor.type.fit(number) {
          case .fits: break
          case .overflows: throw misfit(tensor, row, place, "overflow: no \(tensor.type.rawValue)")
          case .wrongKind: throw misfit(tensor, row, place, "not a value of \(tensor.type.rawValue)")
          }
          let whole = number.value.isFinite ? Int64(exactly: number.value) : nil
          try take(number.value, isWhole: whole != nil, text: { String(whole ?? 0) }, row, place)
        default: throw wrongKind(&scanner, misfit(tensor, row, place, "not a value of \(tensor.type.rawValue)"))
        }
        place += 1
        if place == tensor.width { (row, place) = (row + 1, 0) }
      }
    }
    decoder.cross(rows: tensor.count, of: batch)
  }

  /// The same for what is most often sent: a flat list of JSON numbers, for features that are all numbers.
  ///
  /// - Returns: false: it is something else, or something is wrong with it; it is to be looked at element by element.
  private func fillPlainly(_ tensor: InferRequest.Tensor, _ body: UnsafeRawBufferPointer) throws -> Bool {
    guard case .json(let start) = tensor.content, hasNumbersOnly, tensor.type == .fp32 || tensor.type == .fp64 else {
      return false
    }
    var scanner = JSONScanner(body, at: start)
    guard scanner.takeIf("[") else { return false }
    let isNarrow = tensor.type == .fp32
    for row in 0..<tensor.count {
      let slot = slot(row)
      for column in 0..<tensor.width {
        if row + column > 0, !scanner.takeIf(",") { return false }
        guard let byte = scanner.peek(), JSONScanner.beginsNumber(byte) else { return false }
        let value = try scanner.number().value
        guard isNarrow ? Float(value).isFinite : value.isFinite,
          case .example = decoder.decode(number: value, column: column, into: slot)
        else { return false }
      }
    }
    guard scanner.takeIf("]") else { return false }
    decoder.cross(rows: tensor.count, of: batch)
    return true
  }

  private func misfit(_ tensor: InferRequest.Tensor, _ row: Int, _ place: Int, _ what: String) -> APIError {
    .badRequest("input “\(tensor.name)”, row \(row), column \(place) (“\(features[place].name)”): \(what)")
  }
}
