import HTTP
import JSON
import Pipelines

/// A request of the protocol, and its answer.
struct InferQuestion: PredictionRequest {
  let request: InferRequest
  /// JSON and the tensors' bytes behind it.
  let body: UnsafeRawBufferPointer

  init(_ body: UnsafeRawBufferPointer, headerLength: String?, rowsMax: Int) throws {
    let (json, tensors) = try BinaryTensors.divide(body, length: headerLength)
    request = try InferRequest(json, tensors: tensors, rowsMax: rowsMax)
    self.body = body
  }

  var rows: Int { request.rows }
  var key: String? { request.key }
  /// Without its quotes: an id and a key of the same text are the same request's.
  var id: UnsafeRawBufferPointer? {
    request.id.map { UnsafeRawBufferPointer(rebasing: body[$0].dropFirst().dropLast()) }
  }

  func fill(_ intake: Intake) throws { try intake.fill(request, body: body) }

  func check(_ description: ModelDescription) throws {
    guard let wanted = request.outputs else { return }
    let known = description.outputNames
    for output in wanted where !known.contains(output.name) {
      let near = nearest(to: output.name, among: known).map { "; did you mean “\($0)”?" }
      throw APIError.badRequest(
        "the model has no output \(APIError.quote(output.name))"
          + (near ?? ", only \(known.map { "“\($0)”" }.joined(separator: ", "))"))
    }
  }

  func response(_ answer: VersionAnswer, outputs: (Int) -> UnsafeBufferPointer<Float>) -> HTTPResponse {
    let (description, isCanary, notes) = (answer.description, answer.isCanary, answer.notes)
    let rows = request.rows
    let width = description.outputs.reduce(0) { $0 + $1.width }
    var json = JSONText(capacity: 160 + 20 * rows * width)
    var tensors: [UInt8] = []
    json.raw("{\"model_name\":")
    json.string(description.name)
    json.raw(",\"model_version\":\"\(answer.version.number)\"")
    if let id = request.id {
      json.raw(",\"id\":")
      json.raw(body[id])
    }
    if isCanary || !notes.isEmpty {
      json.raw(",\"parameters\":{")
      if isCanary { json.raw("\"canary\":true") }
      if !notes.isEmpty {
        json.raw(isCanary ? ",\"notes\":[" : "\"notes\":[")
        json.list(notes) { $0.string($1) }
        json.raw("]")
      }
      json.raw("}")
    }
    json.raw(",\"outputs\":[")
    var isFirst = true
    func begin(_ name: String, _ type: TensorType, _ width: Int?) {
      if !isFirst { json.raw(",") }
      isFirst = false
      json.raw("{\"name\":\"\(name)\",\"datatype\":\"\(type.rawValue)\",\"shape\":[\(rows)")
      json.raw(width.map { ",\($0)]" } ?? "]")
    }
    func end(binary start: Int) { json.raw(",\"parameters\":{\"binary_data_size\":\(tensors.count - start)}}") }
    for (head, output) in description.outputs.enumerated() {
      let values = outputs(head)[..<(rows * output.width)]
      if let form = request.form(of: output.name) {
        begin(output.name, .fp32, output.isWide ? output.width : nil)
        switch form {
        case .json:
          json.raw(",\"data\":[")
          json.list(values) { $0.number($1) }
          json.raw("]}")
        case .binary:
          let start = tensors.count
          for value in values { append(value.bitPattern, to: &tensors) }
          end(binary: start)
        }
      }
      guard let label = output.label, let classes = output.classes, let form = request.form(of: label) else { continue }
      begin(label, .bytes, nil)
      let names = (0..<rows).lazy.map {
        classes.mostProbable(values[($0 * output.width)..<(($0 + 1) * output.width)])
      }
      switch form {
      case .json:
        json.raw(",\"data\":[")
        json.list(names) { $0.string($1) }
        json.raw("]}")
      case .binary:
        let start = tensors.count
        for name in names {
          append(UInt32(name.utf8.count), to: &tensors)
          tensors += name.utf8
        }
        end(binary: start)
      }
    }
    json.raw("]}")
    guard !tensors.isEmpty else { return HTTPResponse(body: json.bytes) }
    var response = HTTPResponse(contentType: "application/octet-stream", body: json.bytes + tensors)
    response.headers = [(BinaryTensors.headerLength.description, String(json.bytes.count))]
    return response
  }

  private func append(_ word: UInt32, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
