import Glibc
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
  private let rowsMax: Int
  /// The path asked for most, compared byte by byte.
  private let inferPath: [UInt8]
  private static let predictPath = Array("/predict".utf8)

  package init(pipeline: Pipeline, state: ServingState, metrics: ServerMetrics, page: StatusPage) {
    description = ModelDescription(pipeline)
    self.state = state
    self.metrics = metrics
    self.page = page
    inference = Inference(pipeline: pipeline, metrics: metrics, tally: state.split)
    rowsMax = pipeline.serving.rowsMax
    state.tell(registry: metrics.registry, pipeline: pipeline.name)
    inferPath = Array("/v2/models/\(pipeline.name)/infer".utf8)
  }

  /// Health, metrics and status only: for a door that strangers may not come through.
  package func observe(_ question: ServerQuestion) -> HTTPResponse { answer(question, observesOnly: true) }

  package func answer(_ question: ServerQuestion) -> HTTPResponse { answer(question, observesOnly: false) }

  private func answer(_ question: ServerQuestion, observesOnly: Bool) -> HTTPResponse {
    let response: HTTPResponse
    do {
      if !observesOnly, question.method == .post, Self.isSame(question.path, inferPath) {
        response = try infer(question)
      } else if !observesOnly, question.method == .post, Self.isSame(question.path, Self.predictPath) {
        response = try predict(question)
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
    return give(response)
  }

  // MARK: For a server of several models

  var name: String { description.name }
  var isReady: Bool { state.version != nil && !state.isStopping.load(ordering: .relaxed) }
  var status: [UInt8] { page.json(state) }

  /// Counts an answer that another has made.
  func give(_ response: HTTPResponse) -> HTTPResponse {
    metrics.count(status: response.status)
    state.count(status: response.status)
    return response
  }

  func refuse(_ error: APIError) -> HTTPResponse { give(Self.response(error)) }

  // MARK: Paths

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
    case .index: return HTTPResponse(body: Array("[".utf8) + indexEntries + Array("]".utf8))
    case .model(let name, let version):
      let held = try held(name, version)
      let loaded = version == nil ? state.versions.all : [held].compactMap { $0 }
      return HTTPResponse(
        body: (held?.version.description ?? description).metadata(versions: loaded.map(\.number)))
    case .modelReady(let name, let version):
      let isReady = try held(name, version) != nil
      return readiness("{\"name\":\"\(description.name)\",\"ready\":", isReady)
    case .predict: return try predict(question)
    case .infer(let name, let version):
      try checkName(name)
      return try infer(question, version: version)
    }
  }

  private func predict(_ question: ServerQuestion) throws -> HTTPResponse {
    let choice = try choice(question)
    return try inference.answer(question, choice) {
      try RecordQuestion($0, explains: question.explains, rowsMax: rowsMax)
    }
  }

  private static func isSame(_ path: UnsafeRawBufferPointer, _ other: [UInt8]) -> Bool {
    guard path.count == other.count, let base = path.baseAddress else { return false }
    return other.withUnsafeBytes { $0.baseAddress.map { memcmp(base, $0, other.count) == 0 } ?? false }
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

  /// The model, in each version that can answer, as elements of a list.
  var indexEntries: [UInt8] {
    let versions = state.versions.all
    var json = JSONText()
    func begin(_ json: inout JSONText) {
      json.raw("{\"name\":")
      json.string(description.name)
    }
    json.list(versions) { json, held in
      begin(&json)
      json.raw(",\"version\":\"\(held.number)\",\"state\":\"READY\"}")
    }
    if versions.isEmpty {
      begin(&json)
      json.raw(",\"state\":\"UNAVAILABLE\",\"reason\":\"no version is stable yet\"}")
    }
    return json.bytes
  }

  private func checkName(_ model: String) throws {
    guard model != description.name else { return }
    throw APIError.notFound("there is no model \(APIError.quote(model)), only “\(description.name)”")
  }

  /// The loaded version of that number, or the stable one.
  ///
  /// - Returns: nil: no version is loaded, and none was named.
  private func held(_ model: String, _ version: String?) throws -> HeldVersion? {
    try checkName(model)
    let versions = state.versions
    return try version.map { try versions.version(numbered: $0, of: model) } ?? versions.stable
  }

  private func infer(_ question: ServerQuestion, version: String? = nil) throws -> HTTPResponse {
    let choice = try choice(question, version)
    return try inference.answer(question, choice) {
      try InferQuestion($0, headerLength: question.headerLength, rowsMax: rowsMax)
    }
  }

  /// Counts a request for predictions, and says who may answer it.
  private func choice(_ question: ServerQuestion, _ version: String? = nil) throws -> Inference.Choice {
    if !question.isDeferred { state.inferences.add(1, ordering: .relaxed) }
    let versions = state.versions
    guard versions.stable != nil else {
      throw APIError.unavailable("no version of “\(description.name)” is loaded yet")
    }
    if let version, let other = question.version, version != other {
      throw APIError.badRequest(
        "the path asks for version \(APIError.quote(version)), the header X-Retrain-Version for \(APIError.quote(other))"
      )
    }
    let named = try (version ?? question.version).map { try versions.version(numbered: $0, of: description.name) }
    return Inference.Choice(versions: versions, named: named)
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
