import HTTP
import JSON
import Pipelines

/// The protocol's answer to a request for predictions.
struct InferAnswer {
  let description: ModelDescription

  /// - Parameters:
  ///   - notes: What a person should know of the records.
  ///   - outputs: By head, [rows × its width], each a number.
  func response(
    _ request: InferRequest, body: UnsafeRawBufferPointer, version: Int64, notes: [String],
    outputs: (Int) -> UnsafeBufferPointer<Float>
  ) -> HTTPResponse {
    let rows = request.rows
    let width = description.outputs.reduce(0) { $0 + $1.width }
    var json = JSONText(capacity: 160 + 20 * rows * width)
    var tensors: [UInt8] = []
    json.raw("{\"model_name\":")
    json.string(description.name)
    json.raw(",\"model_version\":\"\(version)\"")
    if let id = request.id {
      json.raw(",\"id\":")
      json.raw(body[id])
    }
    if !notes.isEmpty {
      json.raw(",\"parameters\":{\"notes\":[")
      json.list(notes) { $0.string($1) }
      json.raw("]}")
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
