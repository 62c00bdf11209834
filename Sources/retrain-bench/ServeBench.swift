import Foundation
import HTTP
import JSON
import Learning
import Registry
import Server
import Telemetry
import Vocabulary

extension Workload {
  static let serve = Workload(
    name: "serve", summary: "a server on loopback for others to put load on, until its input ends: its port",
    flags: [
      BenchFlag("features", "n", "64", "Numbers a record."),
      BenchFlag("threads", "n", "1", "Threads that answer."),
    ],
    run: runServe)
}

/// The server's sockets and its answering code, without a registry: a version is in place from the first request on.
@Sendable private func runServe(_ options: inout BenchOptions) throws {
  let threads = try options.int("threads")
  let model = ServedModel(features: try options.int("features"), threads: threads)
  let state = ServingState()
  let answering = RequestAnswering(
    pipeline: model.pipeline, state: state, metrics: ServerMetrics(MetricsRegistry(), pipeline: ServedModel.name),
    page: StatusPage(pipelineName: ServedModel.name))
  let router = ModelRouter([answering])
  let parameters = try ModelParameters(spec: LearnerSpec(model.pipeline), state: model.state)
  let facts = ServingVersion(number: 1, checkpoint: 1, since: .distantPast)
  let scorers = (0..<threads).map { _ in Predictor(parameters, batchCapacity: LoadedVersion.sliceRows) }
  let version = HeldVersion(
    facts: facts, version: LoadedVersion(number: 1, pipeline: model.pipeline, scorers: scorers))
  state.swap(to: ServingSet(ServingVersions(stable: facts), held: [1: version], before: state.versions))
  let server = try HTTPServer.start(threads: threads, limits: HTTPLimits()) { router.answer(ServerQuestion($0)) }
  defer { server.stop() }

  // What answers here answers like the code that `answer` measures.
  let base = "http://127.0.0.1:\(server.port)"
  var answers: Set<[UInt8]> = []
  for body in [model.record, model.columns(), model.columns(reversed: true), model.tensor] {
    let answer = try HTTPCall(url: base + model.path, body: Array(body.utf8)).answer(until: .after(.seconds(10)))
    guard answer.status == 200 else { throw BenchError("a request was answered with \(answer.status)") }
    answers.insert(answer.body)
  }
  guard answers.count == 1 else { throw BenchError("the same record gets different answers") }
  var json = JSONText()
  json.raw("{\"workload\":\"serve\",\"port\":\(server.port),\"infer\":\"\(model.path)\",\"predict\":\"/predict\"}\n")
  FileHandle.standardOutput.write(Data(json.bytes))
  while readLine() != nil {}
}
