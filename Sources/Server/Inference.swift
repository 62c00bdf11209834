import HTTP
import Ingest
import Pipelines
import Synchronization
import Telemetry
import Tensors
import Vocabulary

/// A request's body becoming predictions. Any thread.
///
/// What is small is answered at once. A large body, a compressed one, or many rows go to the slow lane, so that one
/// client's bulk does not hold the others up.
struct Inference: Sendable {
  /// Larger bodies are for the slow lane.
  static let quickBytesMax = 16 << 10
  /// No coding has a longer name.
  private static let codingBytesMax = 64

  let metrics: ServerMetrics
  let rowsMax: Int
  let bodyBytesMax: Int

  func answer(_ question: ServerQuestion, _ loaded: LoadedVersion) throws -> HTTPResponse {
    let start = ContinuousClock.now
    if let name = question.coding, name.utf8.count > Self.codingBytesMax { throw Self.unsupported(name) }
    let isPlain = question.coding == nil || question.coding?.lowercased() == "identity"
    guard question.isDeferred || (isPlain && question.body.count <= Self.quickBytesMax) else { throw NeedsSlowLane() }
    let response: HTTPResponse
    if isPlain {
      response = try answer(question, question.body, loaded)
    } else {
      let unpacked = try unpack(question)
      response = try unpacked.withUnsafeBytes { try answer(question, $0, loaded) }
    }
    metrics.duration.observe(start.duration(to: .now))
    return response
  }

  private static func unsupported(_ coding: String) -> APIError {
    .unsupportedCoding("the body's coding \(APIError.quote(coding)) is not gzip, deflate or identity")
  }

  private func unpack(_ question: ServerQuestion) throws -> [UInt8] {
    let name = question.coding ?? ""
    guard let coding = ContentCoding(name: name) else { throw Self.unsupported(name) }
    do {
      return try coding.decode(question.body, bytesMax: bodyBytesMax)
    } catch {
      guard error.code == .tooLarge else { throw APIError.badRequest(error.reason) }
      throw APIError.tooLarge(error.reason)
    }
  }

  private func answer(
    _ question: ServerQuestion, _ body: UnsafeRawBufferPointer, _ loaded: LoadedVersion
  ) throws -> HTTPResponse {
    let (json, tensors) = try BinaryTensors.divide(body, length: question.headerLength)
    let request = try InferRequest(json, tensors: tensors)
    guard request.rows <= rowsMax else {
      throw APIError.tooLarge(
        "\(request.rows) rows are more than the \(rowsMax) a request may hold (serving.rows_max): divide them")
    }
    try checkOutputs(request, loaded.description)
    if !question.isDeferred, request.rows <= LoadedVersion.sliceRows {
      return try loaded.withEngine { engine in
        try engine.intake.fill(request, body: body)
        engine.scorer.predict(engine.intake.batch)
        loaded.tally.requests.add(1, ordering: .relaxed)
        try refuseNonFinite(engine, loaded, from: 0)
        metrics.rows.increment(by: request.rows)
        return InferAnswer(description: loaded.description).response(
          request, body: body, version: loaded.number, notes: engine.intake.notes
        ) {
          engine.scorer.outputs(ofHead: $0)
        }
      }
    }
    guard question.isDeferred else { throw NeedsSlowLane() }
    return try loaded.withBulkDesk { desk in
      try desk.intake.fill(request, body: body)
      loaded.tally.requests.add(1, ordering: .relaxed)
      for first in stride(from: 0, to: request.rows, by: LoadedVersion.sliceRows) {
        let rows = first..<min(first + LoadedVersion.sliceRows, request.rows)
        try loaded.withEngine { engine in
          desk.give(rows, to: engine)
          engine.scorer.predict(engine.intake.batch)
          try refuseNonFinite(engine, loaded, from: first)
          desk.take(rows, from: engine)
        }
      }
      metrics.rows.increment(by: request.rows)
      return InferAnswer(description: loaded.description).response(
        request, body: body, version: loaded.number, notes: desk.intake.notes
      ) {
        desk.outputs(ofHead: $0)
      }
    }
  }

  private func checkOutputs(_ request: InferRequest, _ description: ModelDescription) throws {
    guard let wanted = request.outputs else { return }
    let known = description.outputNames
    for output in wanted where !known.contains(output.name) {
      let near = nearest(to: output.name, among: known).map { "; did you mean “\($0)”?" }
      throw APIError.badRequest(
        "the model has no output \(APIError.quote(output.name))"
          + (near ?? ", only \(known.map { "“\($0)”" }.joined(separator: ", "))"))
    }
  }

  /// A bad number never reaches a reply.
  private func refuseNonFinite(_ engine: PredictionEngine, _ loaded: LoadedVersion, from first: Int) throws {
    for (place, output) in loaded.description.outputs.enumerated() {
      let values = engine.scorer.outputs(ofHead: place)
      for row in 0..<engine.intake.batch.count {
        let isFinite =
          engine.scorer.isFinite(row: row)
          && values[(row * output.width)..<((row + 1) * output.width)].allSatisfy(\.isFinite)
        guard !isFinite else { continue }
        loaded.tally.nonFinite.add(1, ordering: .relaxed)
        metrics.nonFinite.increment()
        throw APIError(
          status: 500,
          message: "version \(loaded.number) gives a non-finite “\(output.name)” for row \(first + row): not sent")
      }
    }
  }
}
