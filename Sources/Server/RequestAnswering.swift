import HTTP
import Pipelines
import Telemetry
import Vocabulary

/// Answers requests: Open Inference Protocol v2, status and metrics. Pure but for its counters; any thread.
///
/// - Source: Open Inference Protocol, REST, version 2 (kserve.github.io/website/docs/concepts/architecture/data-plane).
package final class RequestAnswering: Sendable {
  private let description: ModelDescription
  private let state: ServingState
  private let metrics: ServerMetrics
  private let page: StatusPage
  /// The path asked for most, compared byte by byte.
  private let inferPath: [UInt8]

  package init(pipeline: Pipeline, state: ServingState, metrics: ServerMetrics, page: StatusPage) {
    description = ModelDescription(pipeline)
    self.state = state
    self.metrics = metrics
    self.page = page
    inferPath = Array("/v2/models/\(pipeline.name)/infer".utf8)
  }

  package func answer(method: HTTPMethod, path: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) -> HTTPResponse {
    let response: HTTPResponse
    do {
      if method == .post, path.elementsEqual(inferPath) {
        response = HTTPResponse(body: try infer(body))
      } else {
        response = try answerRoute(method, String(decoding: path, as: UTF8.self), body)
      }
    } catch let error as APIError {
      response = Self.response(error)
    } catch {
      response = Self.response(APIError(status: 500, message: "the server failed"))
    }
    metrics.count(status: response.status)
    state.requests.add(1, ordering: .relaxed)
    if response.status >= 500 { state.failures.add(1, ordering: .relaxed) }
    return response
  }

  private func answerRoute(
    _ method: HTTPMethod, _ path: String, _ body: UnsafeRawBufferPointer
  ) throws -> HTTPResponse {
    guard let route = ServerRoute(path) else { throw APIError.notFound("nothing is at “\(path)”") }
    guard route.isPost ? method == .post : method == .get || method == .head else {
      var response = Self.response(APIError(status: 405, message: "“\(path)” is asked with another method"))
      response.headers = [("Allow", route.isPost ? "POST" : "GET, HEAD")]
      return response
    }
    switch route {
    case .page: return page.html
    case .status: return HTTPResponse(body: page.json(state))
    case .metrics:
      return HTTPResponse(
        contentType: "text/plain; version=0.0.4; charset=utf-8", text: metrics.registry.prometheusText())
    case .server: return HTTPResponse(body: Array(#"{"name":"retrain","version":"1","extensions":[]}"#.utf8))
    case .live: return HTTPResponse(body: Array(#"{"live":true}"#.utf8))
    case .ready: return readiness("{\"ready\":", state.version != nil)
    case .model(let name, let version):
      _ = try loaded(name, version)
      return HTTPResponse(body: description.metadata(versions: state.version.map { [$0.number] } ?? []))
    case .modelReady(let name, let version):
      let isReady = try loaded(name, version) != nil
      return readiness("{\"name\":\"\(description.name)\",\"ready\":", isReady)
    case .infer(let name, let version):
      _ = try loaded(name, version)
      return HTTPResponse(body: try infer(body, version: version))
    }
  }

  private func readiness(_ start: String, _ isReady: Bool) -> HTTPResponse {
    HTTPResponse(status: isReady ? 200 : 503, body: Array((start + "\(isReady)}").utf8))
  }

  /// The loaded version, if `model` is ours and `version` is it or not given.
  ///
  /// - Returns: nil: no version is loaded, and none was named.
  private func loaded(_ model: String, _ version: String?) throws -> LoadedVersion? {
    guard model == description.name else { throw APIError.notFound("there is no model “\(model)”") }
    let loaded = state.version
    if let version, loaded.map({ String($0.number) }) != version {
      throw APIError.notFound("version “\(version)” of “\(model)” is not loaded")
    }
    return loaded
  }

  private func infer(_ body: UnsafeRawBufferPointer, version: String? = nil) throws -> [UInt8] {
    let start = ContinuousClock.now
    guard let loaded = state.version, version == nil || version == String(loaded.number) else {
      throw APIError.unavailable("no version of “\(description.name)” is loaded yet")
    }
    let request = try InferRequest(body)
    for output in request.outputs ?? [] where !description.outputs.contains(where: { $0.name == output }) {
      let known = description.outputs.map { "“\($0.name)”" }.joined(separator: ", ")
      throw APIError.badRequest("the model has no output “\(output)”, only \(known)")
    }
    let answer = try loaded.withEngine { engine in
      try engine.fill(request, body: body)
      engine.scorer.predict(engine.batch)
      loaded.tally.requests.add(1, ordering: .relaxed)
      try refuseNonFinite(engine, loaded)
      metrics.rows.increment(by: engine.batch.count)
      return InferAnswer(description: description).bytes(request, body: body, version: loaded.number, engine: engine)
    }
    metrics.duration.observe(start.duration(to: .now))
    return answer
  }

  /// A bad number never reaches a reply.
  private func refuseNonFinite(_ engine: PredictionEngine, _ loaded: LoadedVersion) throws {
    for (place, output) in description.outputs.enumerated() {
      let values = engine.scorer.outputs(ofHead: place)
      for row in 0..<engine.batch.count {
        let isFinite =
          engine.scorer.isFinite(row: row)
          && values[(row * output.width)..<((row + 1) * output.width)].allSatisfy(\.isFinite)
        guard !isFinite else { continue }
        loaded.tally.nonFinite.add(1, ordering: .relaxed)
        metrics.nonFinite.increment()
        throw APIError(
          status: 500,
          message: "version \(loaded.number) gives a non-finite “\(output.name)” for row \(row): not sent")
      }
    }
  }

  private static func response(_ error: APIError) -> HTTPResponse {
    var json = JSONText()
    json.raw("{\"error\":")
    json.string(error.message)
    json.raw("}")
    return HTTPResponse(status: error.status, body: json.bytes)
  }
}
