import Foundation
import HTTP
import Learning
import Registry
import Server
import Telemetry

extension Workload {
  static let answer = Workload(
    name: "answer", summary: "requests answered by a server's code, without its sockets: requests a second",
    flags: [
      BenchFlag(
        "form", "columns|reversed|record|plain|tensor|bytes|all", "all",
        "An input a feature, whole records, or all features in one tensor, as JSON or as bytes."),
      BenchFlag("features", "n", "64", "Numbers a record."),
      BenchFlag("canary", "yes|no", "no", "Whether there is a canary with a tenth of the requests."),
      BenchFlag("seconds", "s", "3", "How long to measure each."), .clock,
    ],
    run: runAnswer)
}

@Sendable private func runAnswer(_ options: inout BenchOptions) throws {
  let features = try options.int("features")
  let form = options.string("form")
  let seconds = try options.double("seconds")
  let clock = try BenchClock(flag: options.string("clock"))
  let hasCanary = try options.flag("canary")
  let model = ServedModel(features: features)
  let forms = [
    Form("columns", model.path, model.columns()), Form("reversed", model.path, model.columns(reversed: true)),
    Form("record", model.path, model.record), Form("plain", "/predict", model.plainRecord),
    Form("tensor", model.path, model.tensor), Form("bytes", model.path, model.binaryTensor),
  ].filter { form == "all" || form == $0.name }
  guard !forms.isEmpty else {
    throw BenchError("--form is columns, reversed, record, plain, tensor, bytes or all, not '\(form)'")
  }

  let state = ServingState()
  let answering = RequestAnswering(
    pipeline: model.pipeline, state: state, metrics: ServerMetrics(MetricsRegistry(), pipeline: ServedModel.name),
    page: StatusPage(pipelineName: ServedModel.name))
  let parameters = try ModelParameters(spec: LearnerSpec(model.pipeline), state: model.state)
  var wanted = ServingVersions(stable: version(1))
  if hasCanary { (wanted.canary, wanted.canaryShare) = (version(2), 0.1) }
  let held = wanted.all.map { facts in
    let scorer = Predictor(parameters, batchCapacity: LoadedVersion.sliceRows)
    return HeldVersion(
      facts: facts, version: LoadedVersion(number: facts.number, pipeline: model.pipeline, scorers: [scorer]))
  }
  state.swap(
    to: ServingSet(
      wanted, held: Dictionary(uniqueKeysWithValues: zip(wanted.all.map(\.number), held)), before: state.versions))

  func answers(_ form: Form, _ calls: Int) throws -> [UInt8] {
    var last: [UInt8] = []
    try Array(form.path.utf8).withUnsafeBytes { path in
      // As the server has it: a parser may read on behind the end.
      var bytes = form.body
      let count = bytes.count
      bytes += Array(repeating: 0, count: HTTPRequest.bodyPaddingBytes)
      try bytes.withUnsafeBytes { bytes in
        let body = UnsafeRawBufferPointer(rebasing: bytes[..<count])
        for _ in 0..<calls {
          let response = answering.answer(
            ServerQuestion(method: .post, path: path, body: body, headerLength: form.headerLength))
          guard response.status == 200, case .bytes(let answer) = response.content else {
            throw BenchError("a request was answered with \(response.status)")
          }
          last = answer
        }
      }
    }
    return last
  }

  /// The number that an answer holds behind its name.
  func probability(_ answer: [UInt8]) -> Float? {
    let text = String(decoding: answer, as: UTF8.self)
    let digits = text.split(separator: "\"data\":[").last ?? text.split(separator: "\"probability\":").last
    return (text.hasPrefix("{\"prediction\"") ? text.split(separator: "\"probability\":").last : digits)
      .flatMap { Float($0.prefix { "0123456789.e-".contains($0) }) }
  }
  let reference = try probability(answers(Form("record", model.path, model.record), 1))
  // Where every answer is the same, it would prove nothing that these are.
  guard reference != 0.5 else { throw BenchError("the model answers as one that has learned nothing") }
  for form in forms {
    guard reference != nil, try probability(answers(form, 1)) == reference else {
      throw BenchError("\(form.name): the answer is not that to the record")
    }
    let samples = try timedSamples(seconds: seconds, unitsPerCall: 1, clock: clock) { calls in
      _ = try answers(form, calls)
    }
    try BenchReport(
      workload: "answer",
      params: ["form": form.name, "features": String(features), "canary": hasCanary ? "yes" : "no", "threads": "1"],
      samples: samples, unit: "requests/s"
    ).emit()
  }
}

/// One way to ask for the same.
private struct Form {
  let name, path: String
  let body: [UInt8]
  /// Where the JSON of the body ends and bytes follow.
  let headerLength: String?

  init(_ name: String, _ path: String, _ text: String) {
    (self.name, self.path, body, headerLength) = (name, path, Array(text.utf8), nil)
  }

  init(_ name: String, _ path: String, _ binary: (json: String, bytes: [UInt8])) {
    (self.name, self.path) = (name, path)
    body = Array(binary.json.utf8) + binary.bytes
    headerLength = String(binary.json.utf8.count)
  }
}

private func version(_ number: Int64) -> ServingVersion {
  ServingVersion(number: number, checkpoint: number, since: .distantPast)
}
