/// The protocol's answer to a request for predictions.
struct InferAnswer {
  let description: ModelDescription

  /// - Parameters:
  ///   - engine: After its prediction of the request's rows; every output is a number.
  func bytes(_ request: InferRequest, body: UnsafeRawBufferPointer, version: Int64, engine: PredictionEngine) -> [UInt8]
  {
    let rows = engine.batch.count
    let width = engine.scorer.outputCount
    let outputs = engine.scorer.outputs
    var json = JSONText(capacity: 160 + 20 * rows * width)
    json.raw("{\"model_name\":")
    json.string(description.name)
    json.raw(",\"model_version\":\"\(version)\"")
    if let id = request.id {
      json.raw(",\"id\":")
      json.raw(body[id])
    }
    json.raw(",\"outputs\":[")
    if request.outputs?.isEmpty != true {
      json.raw("{\"name\":\"\(description.outputName)\",\"datatype\":\"FP32\",\"shape\":[\(rows)")
      if !description.classes.isEmpty { json.raw(",\(width)") }
      json.raw("],\"data\":[")
      json.list(outputs[..<(rows * width)]) { $0.number($1) }
      json.raw("]}")
    }
    json.raw("]}")
    return json.bytes
  }
}
