import Learning
import Tensors
import Vocabulary

/// What it costs to sum by partition: the same steps with and without, in turn, so that whoever else uses the machine
/// disturbs both alike.
func runParts(_ stepCase: StepCase, parts count: Int, seconds: Double) throws {
  guard stepCase.ranks == 1 else { throw BenchError("--parts measures one thread") }
  guard count <= stepCase.rows else { throw BenchError("--parts \(count) of --batch \(stepCase.rows) records") }
  try proveParts(stepCase, parts: count)
  let batches = stepCase.network.batches(count: 64, rows: stepCase.rows)
  let contestants = [0, count].map { PartedSteps(stepCase.network, stepCase.rows, parts: $0, stepCase.kernels) }
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
  for (place, parts) in [0, count].enumerated() {
    let params = stepCase.params.merging(["parts": String(parts)]) { $1 }
    try BenchReport(workload: "step", params: params, samples: samples[place], unit: "records/s").emit()
  }
  let params = stepCase.params.merging(["parts": String(count)]) { $1 }
  let costs = zip(samples[0], samples[1]).map { $0 / $1 - 1 }
  try BenchReport(workload: "step_cost_of_parts", params: params, samples: costs, unit: "of a step").emit()
}

/// A rank that is alone and sums by partition leaves the state that the scalar reference leaves.
private func proveParts(_ stepCase: StepCase, parts: Int) throws {
  guard let scalar = Kernels(level: .scalar) else { throw BenchError("no scalar kernels") }
  let rows = max(19, parts)
  let batches = stepCase.network.batches(count: 3, rows: rows)
  let states = try [scalar, stepCase.kernels].map { kernels in
    let steps = PartedSteps(stepCase.network, rows, parts: parts, kernels)
    try steps.steps(3, batches)
    return steps.learner.parametersDigestInput
  }
  guard states[0] == states[1] else { throw BenchError("\(stepCase.kernels.level) differs from the scalar reference") }
}

/// Steps of a rank that is alone.
private final class PartedSteps {
  let learner: Learner
  private var parts: BatchParts?
  private var next = 0

  /// - Parameter parts: Of each batch, as even as can be; 0: it is summed as a whole.
  init(_ network: BenchNetwork, _ rows: Int, parts count: Int, _ kernels: Kernels) {
    learner = Learner(spec: network.spec, batchCapacity: rows, kernels: kernels)
    guard count > 0 else { return }
    learner.summation = .byPartition(PartitionTree(count: count), stretch: 0..<count)
    var parts = BatchParts()
    for part in 0..<count { parts.append(partition: part, rows: rows * (part + 1) / count - rows * part / count) }
    self.parts = parts
  }

  func steps(_ count: Int, _ batches: [FeatureBatch]) throws {
    for _ in 0..<count {
      let batch = batches[next % batches.count]
      next += 1
      learner.predict(batch)
      let local = learner.backward(batch, parts: parts)
      learner.absorbOwn()
      let update = learner.apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum)
      guard update.isFinite else { throw BenchError("a step was not finite") }
    }
  }
}
