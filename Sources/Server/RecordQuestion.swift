import HTTP
import Ingest
import JSON
import Pipelines
import Vocabulary

/// Plain records, a JSON object or a list of them, and their answer in the words of the pipeline file.
struct RecordQuestion: PredictionRequest {
  let explains: Bool
  private let body: UnsafeRawBufferPointer
  /// Where each record lies; empty: the body is one, which nobody has looked at yet.
  private let records: [Range<Int>]
  private let isList: Bool

  /// - Parameter rowsMax: More are refused before they are read.
  init(_ body: UnsafeRawBufferPointer, explains: Bool, rowsMax: Int) throws {
    self.explains = explains
    self.body = body
    // Whoever decodes it looks at all of it.
    if !explains, Self.beginsRecord(body) {
      (records, isList) = ([], false)
      return
    }
    (records, isList) = try Self.scan(body, rowsMax: rowsMax)
    guard !explains || records.count == 1 else {
      throw APIError.badRequest("one record at a time is explained, not \(records.count)")
    }
  }

  private static func beginsRecord(_ body: UnsafeRawBufferPointer) -> Bool {
    var scanner = JSONScanner(body)
    return scanner.peek() == UInt8(ascii: "{")
  }

  /// Where the records lie, each a whole object.
  private static func scan(
    _ body: UnsafeRawBufferPointer, rowsMax: Int
  ) throws -> (records: [Range<Int>], isList: Bool) {
    guard TextEncoding.isUTF8(body) else { throw APIError.badRequest("the body is not JSON: not UTF-8") }
    var scanner = JSONScanner(body)
    var records: [Range<Int>] = []
    func take(_ scanner: inout JSONScanner) throws {
      guard scanner.peek() == UInt8(ascii: "{") else {
        throw APIError.badRequest(
          "a record is a JSON object\(records.isEmpty ? "" : ", record \(records.count) is none")")
      }
      guard records.count < rowsMax else { throw APIError.tooManyRows("these", rowsMax) }
      let start = scanner.position
      try scanner.skip()
      records.append(start..<scanner.position)
    }
    let isList = scanner.peek() == UInt8(ascii: "[")
    if isList { try scanner.elements { try take(&$0) } } else { try take(&scanner) }
    try scanner.end()
    guard !records.isEmpty else { throw APIError.badRequest("the list holds no record") }
    return (records, isList)
  }

  var rows: Int { max(records.count, 1) }
  var key: String? { nil }
  var id: UnsafeRawBufferPointer? { nil }

  func check(_ description: ModelDescription) throws {}

  func fill(_ intake: Intake) throws {
    guard !records.isEmpty else {
      do { try intake.fill(record: body) } catch {
        // What is wrong with its JSON is said as of any other body.
        _ = try Self.scan(body, rowsMax: 1)
        throw error
      }
      return
    }
    try intake.fill(records: records.map { UnsafeRawBufferPointer(rebasing: body[$0]) })
  }

  func response(_ answer: VersionAnswer, outputs: (Int) -> UnsafeBufferPointer<Float>) -> HTTPResponse {
    var json = JSONText(capacity: 160 + 64 * rows)
    json.raw(isList ? "{\"predictions\":[" : "{\"prediction\":")
    for row in 0..<rows {
      if row > 0 { json.raw(",") }
      write(row, answer.description, outputs, &json)
    }
    if isList { json.raw("]") }
    json.raw(",\"version\":\(answer.version.number),\"canary\":\(answer.isCanary)")
    if !answer.notes.isEmpty {
      json.raw(",\"notes\":[")
      json.list(answer.notes) { $0.string($1) }
      json.raw("]")
    }
    if let explanation = answer.explanation {
      json.raw(",\"explanation\":{\"of\":")
      json.string(explanation.subject)
      json.raw(",\"features\":\(explanation.featureCount),\"contributions\":[")
      json.list(explanation.contributions) { json, contribution in
        json.raw("{\"feature\":")
        json.string(contribution.feature)
        json.raw(",\"contribution\":")
        json.number(contribution.change ?? .nan)
        json.raw("}")
      }
      json.raw("]}")
    }
    json.raw("}")
    return HTTPResponse(body: json.bytes)
  }

  /// One head's answer, or all of them by their names.
  private func write(
    _ row: Int, _ description: ModelDescription, _ outputs: (Int) -> UnsafeBufferPointer<Float>, _ json: inout JSONText
  ) {
    func one(_ head: Int, _ output: ModelDescription.Output, _ json: inout JSONText) {
      let values = outputs(head)[(row * output.width)..<((row + 1) * output.width)]
      guard output.task != .regression else { return json.number(values[values.startIndex]) }
      guard let classes = output.classes else {
        json.raw(output.isWide ? "{\"probabilities\":[" : "{\"probability\":")
        json.list(values) { $0.number($1) }
        return json.raw(output.isWide ? "]}" : "}")
      }
      let isBinary = values.count == 1 && classes.names.count == 2
      let probabilities = isBinary ? [1 - values[values.startIndex], values[values.startIndex]] : Array(values)
      json.raw("{\"label\":")
      json.string(classes.mostProbable(values))
      json.raw(",\"probabilities\":{")
      json.list(zip(classes.names, probabilities)) { json, named in
        json.string(named.0)
        json.raw(":")
        json.number(named.1)
      }
      json.raw("}}")
    }
    guard description.outputs.count > 1 else { return one(0, description.outputs[0], &json) }
    json.raw("{")
    json.list(description.outputs.enumerated()) { json, head in
      json.string(head.element.name)
      json.raw(":")
      one(head.offset, head.element, &json)
    }
    json.raw("}")
  }
}
