import Learning
import Tensors
import Vocabulary

extension Workload {
  static let step = Workload(
    name: "step",
    summary: "learning steps of a network: records a second, and the share of the processor's peak",
    flags: [
      .net, .activation, BenchFlag("batch", "records", "256", "Records a step, over all threads."),
      BenchFlag("threads", "n", "1", "Workers that share a step; more than one add all-reduce over loopback."),
      BenchFlag(
        "parts", "n", nil, "Beside steps that sum the whole: the same summed by partition, so many a step, in turn."),
      BenchFlag(
        "watch", "yes|no", "no",
        "Beside plain steps: the same with a digest of a part of the state after each, in turn."),
      BenchFlag("seconds", "s", "5", "How long to measure."), .kernels, .clock, .turns,
    ],
    run: runStep)
}

/// What is stepped: a network, a batch, and how many ranks share it.
struct StepCase: Sendable {
  let network: BenchNetwork
  let activation: String
  /// Of the whole, over all ranks.
  let rows: Int
  let ranks: Int
  let kernels: Kernels
  let clock: BenchClock

  var params: [String: String] {
    [
      "net": network.name, "activation": activation, "batch": String(rows), "kernels": kernels.level.rawValue,
      "threads": String(ranks),
    ]
  }
}

@Sendable private func runStep(_ options: inout BenchOptions) throws {
  let netName = options.string("net")
  let activation = options.string("activation")
  let stepCase = StepCase(
    network: try BenchNetwork(name: netName, activation: activation), activation: activation,
    rows: try options.int("batch"), ranks: try options.int("threads"),
    kernels: try benchKernels(options.string("kernels")),
    clock: try BenchClock(flag: options.string("clock")))
  let seconds = try options.double("seconds")
  let turns = try options.flag("turns")
  try proveSteps(stepCase.network, kernels: stepCase.kernels)
  let parts = try options.int("parts")
  if parts > 0 {
    try runCost(stepCase, of: .parts(parts), seconds: seconds)
  } else if try options.flag("watch") {
    try runCost(stepCase, of: .watch, seconds: seconds)
  } else if stepCase.ranks > 1 {
    try runRanks(stepCase, seconds: seconds)
  } else {
    try runAlone(stepCase, seconds: seconds, turns: turns)
  }
}

/// Records a second, then which share of the processor's peak the matrix products reach inside the steps.
private func runAlone(_ stepCase: StepCase, seconds: Double, turns: Bool) throws {
  let batches = stepCase.network.batches(count: 64, rows: stepCase.rows)
  let learner = Learner(spec: stepCase.network.spec, batchCapacity: stepCase.rows, kernels: stepCase.kernels)
  var next = 0
  func steps(_ count: Int) throws {
    for _ in 0..<count {
      let update = trainStep(learner, batches[next % 64])
      guard update.isFinite else { throw BenchError("a step was not finite") }
      next += 1
    }
  }
  if turns {
    try answerTurns(unitsPerCall: Double(stepCase.rows)) { try steps($0) }
  } else {
    let samples = try timedSamples(
      seconds: seconds, unitsPerCall: Double(stepCase.rows), clock: stepCase.clock
    ) { try steps($0) }
    try BenchReport(workload: "step", params: stepCase.params, samples: samples, unit: "records/s").emit()
  }
  let shares = try productShares(of: learner, stepCase) { try steps($0) }
  try BenchReport(workload: "gemm_share_of_peak", params: stepCase.params, samples: shares, unit: "of peak").emit()
}

/// The hidden layers' products inside real steps, in turn with independent multiply-adds: one share a round.
private func productShares(
  of learner: Learner, _ stepCase: StepCase, rounds: Int = 21, _ steps: (Int) throws -> Void
) rethrows -> [Double] {
  let clock = ContinuousClock()
  let times = StepTimes()
  learner.times = times
  defer { learner.times = nil }
  let parts: Set<StepTimes.Part> = [.product, .weightGradient, .inputGradient]
  func nanoseconds() -> UInt64 {
    times.rows.filter { $0.layer.hasPrefix("hidden_") && parts.contains($0.part) }.reduce(0) { $0 + $1.nanoseconds }
  }
  let operations = stepCase.network.productOperations(rows: stepCase.rows)
  // About ten milliseconds of each.
  let count = max(1, Int(8e8 / operations))
  var shares: [Double] = []
  for round in 0...rounds {
    let before = nanoseconds()
    try steps(count)
    let spent = Double(nanoseconds() - before)
    var done = 0.0
    let peak = clock.measure { done = stepCase.kernels.peak(iterations: 40_000_000 / stepCase.kernels.width) }
    guard round > 0 else { continue }  // the first warms up
    shares.append(operations * Double(count) / spent / (done / (peak.seconds * 1e9)))
  }
  return shares
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
    for batch in batches { trainStep(learner, batch) }
    states.append(learner.parametersDigestInput)
  }
  guard states[0] == states[1] else { throw BenchError("\(kernels.level) differs from the scalar reference") }
}
