import Learning
import Tensors

extension Workload {
  static let infer = Workload(
    name: "infer",
    summary: "predictions of a network: records a second",
    flags: [
      .net, .activation, BenchFlag("batch", "records", "1", "Records a call."),
      BenchFlag("seconds", "s", "3", "How long to measure."), .kernels, .clock, .turns,
    ],
    run: runInfer)
}

@Sendable private func runInfer(_ options: inout BenchOptions) throws {
  let netName = options.string("net")
  let activation = options.string("activation")
  let rows = try options.int("batch")
  let seconds = try options.double("seconds")
  let turns = try options.flag("turns")
  let kernels = try benchKernels(options.string("kernels"))
  let clock = try BenchClock(flag: options.string("clock"))
  let network = try BenchNetwork(name: netName, activation: activation)
  let batches = network.batches(count: 64, rows: rows)

  // A learner that has seen some records, so that the statistics are real.
  let learner = Learner(spec: network.spec, batchCapacity: rows, kernels: kernels)
  for batch in batches.prefix(8) { trainStep(learner, batch) }
  let state = learner.encodeState()
  let predictor = try Predictor(spec: network.spec, state: state, batchCapacity: rows, kernels: kernels)
  guard let scalar = Kernels(level: .scalar) else { throw BenchError("no scalar kernels") }
  let reference = try Predictor(spec: network.spec, state: state, batchCapacity: rows, kernels: scalar)
  for batch in batches.prefix(4) {
    predictor.predict(batch)
    reference.predict(batch)
    let same = zip(predictor.outputs, reference.outputs).allSatisfy { $0.bitPattern == $1.bitPattern }
    guard same else { throw BenchError("\(kernels.level) differs from the scalar reference") }
  }

  var next = 0
  func predictions(_ calls: Int) {
    for _ in 0..<calls {
      predictor.predict(batches[next & 63])
      next &+= 1
    }
  }
  if turns { return try answerTurns(unitsPerCall: 1) { predictions($0) } }
  let samples = timedSamples(seconds: seconds, unitsPerCall: 1, clock: clock) { predictions($0) }
  let params = [
    "net": netName, "activation": activation, "batch": String(rows), "kernels": kernels.level.rawValue, "threads": "1",
  ]
  try BenchReport(workload: "infer", params: params, samples: samples.map { 1e6 / $0 }, unit: "us/batch").emit()
}
