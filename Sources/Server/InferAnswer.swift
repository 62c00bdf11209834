/// The protocol's answer to a request for predictions.
struct InferAnswer {
  let description: ModelDescription

  /// - Parameters:
  ///   - engine: After its prediction of the request's rows; every output is a number.
  func bytes(_ request: InferRequest, body: UnsafeRawBufferPointer, version: Int64, engine: PredictionEngine) -> [UInt8]
  {
    let rows = engine.batch.count
    let width = description.outputs.reduce(0) { $0 + $1.width }
    var json = JSONText(capacity: 160 + 20 * rows * width)
    json.raw("{\"model_name\":")
    json.string(description.name)
    json.raw(",\"model_version\":\"\(version)\"")
    if let id = request.id {
      json.raw(",\"id\":")
      json.raw(body[id])
    }
    json.raw(",\"outputs\":[")
    let wanted = description.outputs.enumerated().filter { request.outputs?.contains($1.name) ?? true }
    json.list(wanted) { json, head in
      let (place, output) = head
      json.raw("{\"name\":\"\(output.name)\",\"datatype\":\"FP32\",\"shape\":[\(rows)")
      if !output.classes.isEmpty { json.raw(",\(output.width)") }
      json.raw("],\"data\":[")
      json.list(engine.scorer.outputs(ofHead: place)[..<(rows * output.width)]) { $0.number($1) }
      json.raw("]}")
    }
    json.raw("]}")
    return json.bytes
  }
}
