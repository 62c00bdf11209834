import Learning
import Tensors
import Vocabulary

/// What a learner does beside a plain step, and what that costs.
enum StepExtra {
  /// It sums by partition, so many a step.
  case parts(Int)
  /// After each step it digests a part of its state.
  case watch
  /// All that health looks at: values, gradients and updates of the layers, records drawn at random, the loss of each step.
  case health

  var name: String {
    switch self {
    case .parts: "parts"
    case .watch: "watch"
    case .health: "health"
    }
  }
  var value: String { if case .parts(let count) = self { "\(count)" } else { "yes" } }
  /// Of a plain step.
  var none: String { if case .parts = self { "0" } else { "no" } }
}

/// The same steps with and without, in turn, so that whoever else uses the machine disturbs both alike.
func runCost(_ stepCase: StepCase, of extra: StepExtra, seconds: Double) throws {
  guard stepCase.ranks == 1 else { throw BenchError("--\(extra.name) measures one thread") }
  if case .parts(let count) = extra {
    guard count <= stepCase.rows else { throw BenchError("--parts \(count) of --batch \(stepCase.rows) records") }
  }
  try proveCost(stepCase, of: extra)
  let batches = stepCase.network.batches(count: 64, rows: stepCase.rows)
  let contestants = [nil, extra].map { each in
    ExtraSteps(
      stepCase.network, stepCase.rows, each, stepCase.kernels, countsHealth: extra.name != "health" || each != nil)
  }
  let windows = 40
  var calls = 1
  while true {
    let time = try stepCase.clock.measure { for each in contestants { try each.steps(calls, batches) } }
    if time >= seconds / Double(windows) { break }
    calls *= 2
  }
  var samples = contestants.map { _ in [Double]() }
  for window in 0..<windows {
    for place in window % 2 == 0 ? [0, 1] : [1, 0] {
      let time = try stepCase.clock.measure { try contestants[place].steps(calls, batches) }
      samples[place].append(Double(calls * stepCase.rows) / time)
    }
  }
  for (place, value) in [extra.none, extra.value].enumerated() {
    let params = stepCase.params.merging([extra.name: value]) { $1 }
    try BenchReport(workload: "step", params: params, samples: samples[place], unit: "records/s").emit()
  }
  let params = stepCase.params.merging([extra.name: extra.value]) { $1 }
  let costs = zip(samples[0], samples[1]).map { $0 / $1 - 1 }
  try BenchReport(workload: "step_cost_of_\(extra.name)", params: params, samples: costs, unit: "of a step").emit()
}

/// A rank that is alone leaves the state that the scalar reference leaves.
private func proveCost(_ stepCase: StepCase, of extra: StepExtra) throws {
  guard let scalar = Kernels(level: .scalar) else { throw BenchError("no scalar kernels") }
  let rows = if case .parts(let count) = extra { max(19, count) } else { 19 }
  let batches = stepCase.network.batches(count: 3, rows: rows)
  let states = try [scalar, stepCase.kernels].map { kernels in
    let steps = ExtraSteps(stepCase.network, rows, extra, kernels)
    try steps.steps(3, batches)
    return steps.learner.parametersDigestInput
  }
  guard states[0] == states[1] else { throw BenchError("\(stepCase.kernels.level) differs from the scalar reference") }
}

/// Steps of a rank that is alone.
private final class ExtraSteps {
  let learner: Learner
  private var parts: BatchParts?
  private var next = 0
  /// nil: nobody looks.
  private var watchers: StepWatchers?

  /// - Parameter extra: Parts are as even as can be; nil: plain steps.
  init(_ network: BenchNetwork, _ rows: Int, _ extra: StepExtra?, _ kernels: Kernels, countsHealth: Bool = true) {
    learner = Learner(spec: network.spec, batchCapacity: rows, kernels: kernels)
    learner.countsHealth = countsHealth
    switch extra {
    case nil: break
    case .health:
      watchers = StepWatchers()
    case .watch: learner.isWatched = true
    case .parts(let count):
      learner.summation = .byPartition(PartitionTree(count: count), stretch: 0..<count)
      var parts = BatchParts()
      for part in 0..<count { parts.append(partition: part, rows: rows * (part + 1) / count - rows * part / count) }
      self.parts = parts
    }
  }

  func steps(_ count: Int, _ batches: [FeatureBatch]) throws {
    for _ in 0..<count {
      let batch = batches[next % batches.count]
      let update = trainStep(learner, batch, parts: parts)
      watchers?.look(at: batch, learner.outputs, step: Int64(next))
      // A window is a few seconds.
      if watchers != nil, next % 2000 == 0 { watchers?.take(learner.takeHealth()) }
      next += 1
      guard update.isFinite else { throw BenchError("a step was not finite") }
    }
  }
}
