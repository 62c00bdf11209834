import Ingest
import Learning
import Pipelines
import Tensors

/// One scorer with the memory it works in. The answering code takes one out of its version's pool, uses it on one
/// thread, and puts it back.
final class PredictionEngine: @unchecked Sendable {  // In the pool or in the hands of one thread, never both.
  /// A declared feature's place in the batch.
  private enum Column {
    case number(Int)
    case category(Int)
  }

  let scorer: any RowScorer
  let batch: FeatureBatch
  private let decoder: RecordDecoder
  private let columns: [String: Column]
  /// By feature, in the order of the schema: whether the request in hand has it.
  private var isGiven: [String: Bool]
  private let eventTime = UnsafeMutablePointer<Double>.allocate(capacity: 1)
  private var content: [UInt8] = []

  init(pipeline: Pipeline, scorer: any RowScorer) {
    self.scorer = scorer
    decoder = RecordDecoder(
      pipeline: pipeline.schema, task: pipeline.model.task, recordBytesMax: pipeline.source.recordBytesMax,
      purpose: .prediction)
    batch = FeatureBatch(
      capacity: pipeline.serving.rowsMax, numberCount: decoder.numberCount, categoryCount: decoder.categoryCount)
    batch.labels.update(repeating: .nan, count: batch.capacity)
    var columns: [String: Column] = [:]
    for (place, feature) in pipeline.schema.numericFeatures.enumerated() { columns[feature.name] = .number(place) }
    for (place, feature) in pipeline.schema.categoryFeatures.enumerated() { columns[feature.name] = .category(place) }
    self.columns = columns
    isGiven = columns.mapValues { _ in false }
  }

  deinit { eventTime.deallocate() }

  /// Converts the request's tensors into the rows of `batch`, by the schema's rules.
  func fill(_ request: InferRequest, body: UnsafeRawBufferPointer) throws {
    let rows = request.inputs[0].count
    guard rows <= batch.capacity else {
      throw APIError.tooLarge("\(rows) rows are more than the \(batch.capacity) a request may hold")
    }
    for input in request.inputs where input.count != rows {
      throw APIError.badRequest("“\(input.name)” has \(input.count) rows, “\(request.inputs[0].name)” has \(rows)")
    }
    // A schema may have a feature of this name; then it is that.
    if request.inputs[0].name == ModelDescription.recordInput, columns[ModelDescription.recordInput] == nil {
      guard request.inputs.count == 1 else {
        throw APIError.badRequest("“\(ModelDescription.recordInput)” holds whole records and stands alone")
      }
      try fillRecords(request.inputs[0], body)
    } else {
      try fillColumns(request, body, rows)
    }
    batch.count = rows
  }

  private func slot(_ row: Int) -> ExampleSlot { ExampleSlot(row: row, of: batch, eventTime: eventTime) }

  private func fillRecords(_ tensor: InferRequest.Tensor, _ body: UnsafeRawBufferPointer) throws {
    guard tensor.type == .bytes else { throw APIError.badRequest("“\(tensor.name)” has the datatype BYTES") }
    try elements(of: tensor, body) { scanner, row in
      guard scanner.peek() == UInt8(ascii: "\"") else {
        throw APIError.badRequest("“\(tensor.name)”, row \(row): a string with a JSON record expected")
      }
      try scanner.unescape(try scanner.string(), into: &content)
      try check(content.withUnsafeBytes { decoder.decode($0, into: slot(row)) }, tensor.name, row)
    }
  }

  private func fillColumns(_ request: InferRequest, _ body: UnsafeRawBufferPointer, _ rows: Int) throws {
    for name in columns.keys { isGiven[name] = false }
    for tensor in request.inputs {
      guard let column = columns[tensor.name], let wasGiven = isGiven.updateValue(true, forKey: tensor.name) else {
        throw APIError.badRequest("the model has no input “\(tensor.name)”")
      }
      guard !wasGiven else { throw APIError.badRequest("input “\(tensor.name)” is given twice") }
      switch column {
      case .number(let place): try fillNumbers(tensor, body, place)
      case .category(let place): try fillCategories(tensor, body, place)
      }
    }
    for (name, column) in columns where isGiven[name] == false {
      for row in 0..<rows {
        switch column {
        case .number(let place): try check(decoder.decode(number: nil, column: place, into: slot(row)), name, row)
        case .category(let place): try check(decoder.decode(category: nil, column: place, into: slot(row)), name, row)
        }
      }
    }
  }

  private func fillNumbers(_ tensor: InferRequest.Tensor, _ body: UnsafeRawBufferPointer, _ column: Int) throws {
    guard tensor.type != .bytes else {
      throw APIError.badRequest("input “\(tensor.name)” is a number: FP32, FP64, an integer type or BOOL")
    }
    try elements(of: tensor, body) { scanner, row in
      let value = try number(&scanner, tensor, row)
      try check(decoder.decode(number: value, column: column, into: slot(row)), tensor.name, row)
    }
  }

  private func number(_ scanner: inout JSONScanner, _ tensor: InferRequest.Tensor, _ row: Int) throws -> Double? {
    switch scanner.peek() {
    case UInt8(ascii: "n"):
      try scanner.null()
      return nil
    case UInt8(ascii: "t") where tensor.type == .bool, UInt8(ascii: "f") where tensor.type == .bool:
      return try scanner.boolean() ? 1 : 0
    case let byte? where JSONScanner.beginsNumber(byte):
      let number = try scanner.number()
      if tensor.type.holds(number) { return number.value }
    default: break
    }
    throw APIError.badRequest("input “\(tensor.name)”, row \(row): not a value of \(tensor.type.rawValue)")
  }

  private func fillCategories(_ tensor: InferRequest.Tensor, _ body: UnsafeRawBufferPointer, _ column: Int) throws {
    guard tensor.type == .bytes || tensor.type.isInteger else {
      throw APIError.badRequest("input “\(tensor.name)” is a category: BYTES or an integer type")
    }
    try elements(of: tensor, body) { scanner, row in
      let text = try category(&scanner, tensor, row)
      try check(decoder.decode(category: text, column: column, into: slot(row)), tensor.name, row)
    }
  }

  private func category(_ scanner: inout JSONScanner, _ tensor: InferRequest.Tensor, _ row: Int) throws -> String? {
    switch scanner.peek() {
    case UInt8(ascii: "n"):
      try scanner.null()
      return nil
    case UInt8(ascii: "\"") where tensor.type == .bytes:
      return try scanner.text(try scanner.string())
    case let byte? where JSONScanner.beginsNumber(byte):
      let number = try scanner.number()
      // As in a record: a whole number counts as its text.
      if tensor.type.isInteger, tensor.type.holds(number) { return try scanner.text(number.text) }
    default: break
    }
    throw APIError.badRequest("input “\(tensor.name)”, row \(row): not a value of \(tensor.type.rawValue)")
  }

  /// Calls `body` for each element of a tensor, flat or one list a row.
  private func elements(
    of tensor: InferRequest.Tensor, _ bytes: UnsafeRawBufferPointer,
    _ body: (inout JSONScanner, Int) throws -> Void
  ) throws {
    var scanner = JSONScanner(bytes, at: tensor.data)
    var row = 0
    func takeOne(_ scanner: inout JSONScanner) throws {
      guard row < tensor.count else {
        throw APIError.badRequest("input “\(tensor.name)” has more data than its shape says")
      }
      try body(&scanner, row)
      row += 1
    }
    try scanner.elements { scanner in
      if scanner.peek() == UInt8(ascii: "[") {
        try scanner.elements { try takeOne(&$0) }
      } else {
        try takeOne(&scanner)
      }
    }
    guard row == tensor.count else {
      throw APIError.badRequest("input “\(tensor.name)” has \(row) elements, its shape says \(tensor.count)")
    }
  }

  private func check(_ outcome: DecodeOutcome, _ input: String, _ row: Int) throws {
    guard case .rejected(let reason, let field) = outcome else { return }
    let place = field.map { $0 == input ? "" : ", field “\($0)”" } ?? ""
    throw APIError.badRequest("input “\(input)”, row \(row)\(place): \(reason.rawValue)")
  }
}
