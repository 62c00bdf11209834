import Learning
import Tensors
import Vocabulary

/// What a learner does beside a plain step, and what that costs.
enum StepExtra {
  /// It sums by partition, so many a step.
  case parts(Int)
  /// After each step it digests a part of its state.
  case watch
  /// What health looks at.
  case health(HealthPart)

  var name: String {
    switch self {
    case .parts: "parts"
    case .watch: "watch"
    case .health: "health"
    }
  }
  var value: String {
    switch self {
    case .parts(let count): "\(count)"
    case .watch: "yes"
    case .health(let part): part.rawValue
    }
  }
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
  let none: StepExtra? = if case .health = extra { .health(.none) } else { nil }
  var samples = [[Double](), [Double]()]
  var random = SplitMix64(seed: 7)
  // Where memory lies says as much as what is measured, in small batches: each round lies elsewhere.
  let (rounds, windows) = (10, 4)
  for round in 0..<rounds {
    let gap = AlignedBuffer<UInt8>(count: 64 * Int(random.next() % 4096))
    var contestants: [ExtraSteps?] = [nil, nil]
    for place in round % 2 == 0 ? [0, 1] : [1, 0] {
      contestants[place] = ExtraSteps(stepCase.network, stepCase.rows, [none, extra][place], stepCase.kernels)
    }
    let pair = contestants.compactMap(\.self)
    var calls = 1
    while true {
      let time = try stepCase.clock.measure { for each in pair { try each.steps(calls, batches) } }
      if time >= seconds / Double(rounds * windows) { break }
      calls *= 2
    }
    for window in 0..<windows {
      for place in window % 2 == 0 ? [0, 1] : [1, 0] {
        let time = try stepCase.clock.measure { try pair[place].steps(calls, batches) }
        samples[place].append(Double(calls * stepCase.rows) / time)
      }
    }
    withExtendedLifetime(gap) {}
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
  /// nil: nothing is measured that health looks at.
  private var watchers: StepWatchers?

  /// - Parameter extra: Parts are as even as can be; nil: plain steps.
  init(_ network: BenchNetwork, _ rows: Int, _ extra: StepExtra?, _ kernels: Kernels) {
    var spec = network.spec
    if case .health(.counts)? = extra { spec.histogramEvery = 1 << 16 }
    learner = Learner(spec: spec, batchCapacity: rows, kernels: kernels)
    switch extra {
    case nil: break
    case .health(let part):
      learner.countsHealth = part.countsLayers
      watchers = StepWatchers(part, rows: rows)
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
      if let watchers, next % 2000 == 0 { watchers.take(learner) }
      next += 1
      guard update.isFinite else { throw BenchError("a step was not finite") }
    }
  }
}
