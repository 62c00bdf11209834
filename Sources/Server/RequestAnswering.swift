package import HTTP
import Ingest
import JSON
package import Pipelines
import Synchronization
import Telemetry
import Vocabulary

/// Answers requests: Open Inference Protocol v2, status and metrics. Pure but for its counters; any thread.
///
/// - Source: Open Inference Protocol, REST, version 2 (kserve.github.io/website/docs/concepts/architecture/data-plane).
package final class RequestAnswering: Sendable {
  /// Of a version that would be learned now: what is told as long as none is loaded.
  private let description: ModelDescription
  private let state: ServingState
  private let metrics: ServerMetrics
  private let page: StatusPage
  private let inference: Inference
  /// The path asked for most, compared byte by byte.
  private let inferPath: [UInt8]

  package init(pipeline: Pipeline, state: ServingState, metrics: ServerMetrics, page: StatusPage) {
    description = ModelDescription(pipeline)
    self.state = state
    self.metrics = metrics
    self.page = page
    inference = Inference(
      metrics: metrics, rowsMax: pipeline.serving.rowsMax, bodyBytesMax: pipeline.serving.bodyBytesMax)
    inferPath = Array("/v2/models/\(pipeline.name)/infer".utf8)
  }

  /// Health, metrics and status only: for a door that strangers may not come through.
  package func observe(_ question: ServerQuestion) -> HTTPResponse { answer(question, observesOnly: true) }

  package func answer(_ question: ServerQuestion) -> HTTPResponse { answer(question, observesOnly: false) }

  private func answer(_ question: ServerQuestion, observesOnly: Bool) -> HTTPResponse {
    let response: HTTPResponse
    do {
      if !observesOnly, question.method == .post, question.path.elementsEqual(inferPath) {
        response = try infer(question)
      } else {
        response = try answerRoute(question, observesOnly)
      }
    } catch let error as APIError {
      response = Self.response(error)
    } catch let error as JSONError {
      response = Self.response(.badRequest("the body is not JSON: \(error)"))
    } catch is NeedsSlowLane {
      return .later
    } catch {
      response = Self.response(APIError(status: 500, message: "the server failed"))
    }
    metrics.count(status: response.status)
    state.count(status: response.status)
    return response
  }

  private func answerRoute(_ question: ServerQuestion, _ observesOnly: Bool) throws -> HTTPResponse {
    let path = String(decoding: question.path, as: UTF8.self)
    guard TextEncoding.isStreamSafe(question.path) else {
      throw APIError.notFound("nothing is at \(APIError.quote(path))")
    }
    let method = question.method
    if method == .options, path == "*" { return Self.methods("GET, HEAD, OPTIONS, POST") }
    guard let route = ServerRoute(path), !observesOnly || route.isObservation else {
      throw APIError.notFound("nothing is at \(APIError.quote(path))")
    }
    if method == .options { return Self.methods(route.methods + ", OPTIONS") }
    guard route.isPost ? method == .post : method == .get || method == .head else {
      guard method != .other else { throw APIError(status: 501, message: "the request's method is not known") }
      var response = Self.response(
        APIError(status: 405, message: "\(APIError.quote(path)) is asked with another method: \(route.methods)"))
      response.headers = [("Allow", route.methods + ", OPTIONS")]
      return response
    }
    switch route {
    case .page: return page.html
    case .status: return HTTPResponse(body: page.json(state))
    case .metrics:
      return HTTPResponse(contentType: ObservationDoor.metricsType, text: metrics.registry.prometheusText())
    case .server:
      return HTTPResponse(
        body: Array(
          #"{"name":"retrain","version":"1","extensions":["binary_tensor_data","model_repository"]}"#.utf8))
    case .live: return HTTPResponse(body: Array(#"{"live":true}"#.utf8))
    case .ready: return readiness("{\"ready\":", state.version != nil)
    case .index: return HTTPResponse(body: index)
    case .model(let name, let version):
      let loaded = try loaded(name, version)
      return HTTPResponse(
        body: (loaded?.description ?? description).metadata(versions: loaded.map { [$0.number] } ?? []))
    case .modelReady(let name, let version):
      let isReady = try loaded(name, version) != nil
      return readiness("{\"name\":\"\(description.name)\",\"ready\":", isReady)
    case .infer(let name, let version):
      _ = try loaded(name, version)
      return try infer(question, version: version)
    }
  }

  private static func methods(_ allowed: String) -> HTTPResponse {
    var response = HTTPResponse(text: "")
    response.headers = [("Allow", allowed)]
    return response
  }

  /// Not ready while it stops, so that those who ask first go elsewhere.
  private func readiness(_ start: String, _ isReady: Bool) -> HTTPResponse {
    let isReady = isReady && !state.isStopping.load(ordering: .relaxed)
    return HTTPResponse(status: isReady ? 200 : 503, body: Array((start + "\(isReady)}").utf8))
  }

  /// The one model there is.
  private var index: [UInt8] {
    var json = JSONText()
    json.raw("[{\"name\":")
    json.string(description.name)
    if let version = state.version {
      json.raw(",\"version\":\"\(version.number)\",\"state\":\"READY\"}]")
    } else {
      json.raw(",\"state\":\"UNAVAILABLE\",\"reason\":\"no version is stable yet\"}]")
    }
    return json.bytes
  }

  /// The loaded version, if `model` is ours and `version` is it or not given.
  ///
  /// - Returns: nil: no version is loaded, and none was named.
  private func loaded(_ model: String, _ version: String?) throws -> LoadedVersion? {
    guard model == description.name else {
      throw APIError.notFound("there is no model \(APIError.quote(model)), only “\(description.name)”")
    }
    let loaded = state.version
    if let version, loaded.map({ String($0.number) }) != version {
      throw APIError.notFound("version \(APIError.quote(version)) of “\(model)” is not loaded")
    }
    return loaded
  }

  private func infer(_ question: ServerQuestion, version: String? = nil) throws -> HTTPResponse {
    if !question.isDeferred { state.inferences.add(1, ordering: .relaxed) }
    guard let loaded = state.version, version == nil || version == String(loaded.number) else {
      throw APIError.unavailable("no version of “\(description.name)” is loaded yet")
    }
    return try inference.answer(question, loaded)
  }

  private static func response(_ error: APIError) -> HTTPResponse {
    var json = JSONText()
    json.raw("{\"error\":")
    json.string(error.message)
    json.raw("}")
    var response = HTTPResponse(status: error.status, body: json.bytes)
    if let seconds = error.retryAfter { response.headers = [("Retry-After", String(seconds))] }
    if error.status == 415 { response.headers = [("Accept-Encoding", "gzip, deflate")] }
    return response
  }
}
