import Learning
import Tensors

extension Workload {
  static let step = Workload(
    name: "step",
    summary: "learning steps: --net W1|W1b|W1c --batch B --activation A --seconds S --kernels LEVEL --clock wall|cpu",
    run: runStep)
}

@Sendable private func runStep(_ options: inout BenchOptions) throws {
  let netName = options.string("net", default: "W1")
  let activation = options.string("activation", default: "relu")
  let rows = try options.int("batch", default: 256)
  let seconds = try options.double("seconds", default: 5)
  let level = options.string("kernels", default: "best")
  let clock = try BenchClock(flag: options.string("clock", default: "wall"))
  try options.refuseUnknown()
  let kernels = try benchKernels(level)
  let network = try BenchNetwork(name: netName, activation: activation)
  try proveSteps(network, kernels: kernels)

  let batches = network.batches(count: 64, rows: rows)
  let learner = Learner(spec: network.spec, batchCapacity: rows, kernels: kernels)
  var attachment: [UInt8] = []
  var next = 0
  func steps(_ count: Int) throws {
    for _ in 0..<count {
      let update = try trainStep(learner, batches[next % 64], attachment: &attachment)
      guard update.isFinite else { throw BenchError("a step was not finite") }
      next += 1
    }
  }
  let samples = try timedSamples(seconds: seconds, unitsPerCall: Double(rows), clock: clock) { try steps($0) }
  let params = [
    "net": netName, "activation": activation, "batch": String(rows), "kernels": kernels.level.rawValue, "threads": "1",
  ]
  try BenchReport(workload: "step", params: params, samples: samples, unit: "records/s").emit()
}

/// The kernels of a level, by name.
func benchKernels(_ level: String) throws -> Kernels {
  guard level != "best" else { return .active }
  guard let known = Kernels.Level(rawValue: level) else {
    throw BenchError("--kernels \(level) is none of best, scalar, baseline, fma256, fma512")
  }
  guard let kernels = Kernels(level: known) else { throw BenchError("this CPU lacks \(level)") }
  return kernels
}

/// The measured kernels leave the very state that the scalar reference leaves.
private func proveSteps(_ network: BenchNetwork, kernels: Kernels) throws {
  guard let scalar = Kernels(level: .scalar) else { throw BenchError("no scalar kernels") }
  let batches = network.batches(count: 3, rows: 19)
  var states: [[UInt8]] = []
  for level in [scalar, kernels] {
    let learner = Learner(spec: network.spec, batchCapacity: 19, kernels: level)
    var attachment: [UInt8] = []
    for batch in batches { try trainStep(learner, batch, attachment: &attachment) }
    states.append(learner.parametersDigestInput)
  }
  guard states[0] == states[1] else { throw BenchError("\(kernels.level) differs from the scalar reference") }
}
