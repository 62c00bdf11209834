import Collectives
import Learning
import Tensors
import Vocabulary

/// Data-parallel steps: each rank learns from its share of a batch, and all agree on one update.
func runRanks(_ stepCase: StepCase, seconds: Double) throws {
  guard stepCase.rows % stepCase.ranks == 0 else {
    throw BenchError("--batch \(stepCase.rows) cannot be shared evenly by \(stepCase.ranks) threads")
  }
  guard stepCase.clock == .wall else { throw BenchError("--clock cpu measures one thread") }
  let results = try LoopbackRanks(stepCase.ranks).run { try RankedSteps(stepCase, $0).run(seconds: seconds) }
  guard results.allSatisfy({ $0.parameters == results[0].parameters }) else {
    throw BenchError("the ranks' parameters differ")
  }
  try BenchReport(workload: "step", params: stepCase.params, samples: results[0].samples, unit: "records/s").emit()
}

/// One rank: its learner and its share of each batch.
private final class RankedSteps {
  private let stepCase: StepCase
  private let collective: TCPCollective
  private let learner: Learner
  private let batches: [FeatureBatch]
  private var attachment: [UInt8] = []
  private var next = 0
  private let dense: DenseValues

  init(_ stepCase: StepCase, _ collective: TCPCollective) {
    self.stepCase = stepCase
    self.collective = collective
    let share = stepCase.rows / stepCase.ranks
    learner = Learner(spec: stepCase.network.spec, batchCapacity: share, kernels: stepCase.kernels)
    batches = stepCase.network.batches(count: 64, rows: stepCase.rows).map { whole in
      let batch = FeatureBatch(
        capacity: share, numberCount: whole.numberCount, categoryCount: whole.categoryCount,
        weightedCount: whole.weighted.count)
      batch.count = share
      for row in 0..<share { batch.copyRow(collective.rank.rawValue * share + row, of: whole, to: row) }
      return batch
    }
    let (collective, gradient) = (collective, learner.denseGradient)
    let plan = SumPlan.byRank(worldSize: collective.worldSize, holders: collective.worldSize)
    dense = DenseValues(vectors: gradient, sum: gradient, plan: plan, order: learner.gradientOrder)
    learner.gradientWatch = { collective.advance($0) }
  }

  /// - Returns: Records a second of the whole, one sample a window, as this rank saw them; and what was learned.
  func run(seconds: Double, windows: Int = 20) throws -> (samples: [Double], parameters: [UInt8]) {
    prepareArithmeticThread()
    let clock = ContinuousClock()
    try steps(20)
    let warm = try clock.measure { try steps(20) }.seconds
    // All make as many steps as the first rank asks for.
    let wanted = UInt32(max(1, 20 * seconds / Double(windows) / warm))
    let told = try collective.broadcast(
      from: Rank(0), withUnsafeBytes(of: wanted.littleEndian) { Array($0) }, deadline: .after(.seconds(30)))
    let count = Int(told.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self).littleEndian })
    var samples: [Double] = []
    for _ in 0..<windows {
      let time = try clock.measure { try steps(count) }.seconds
      samples.append(Double(count * stepCase.rows) / time)
    }
    return (samples, learner.parametersDigestInput)
  }

  private func steps(_ count: Int) throws {
    for _ in 0..<count {
      let batch = batches[next % 64]
      next += 1
      collective.open(dense)
      learner.predict(batch)
      let local = learner.backward(batch)
      guard local.isFinite else { throw BenchError("a step was not finite") }
      // Before the learner's own bytes goes the loss, to be summed in rank order.
      attachment.removeAll(keepingCapacity: true)
      withUnsafeBytes(of: local.lossSum) { attachment.append(contentsOf: $0) }
      learner.appendAttachment(to: &attachment)
      var lossSum = 0.0
      try attachment.withUnsafeBytes { bytes in
        try collective.exchange(dense, attachment: bytes, deadline: .after(.seconds(30))) {
          for part in $0 { lossSum += part.loadUnaligned(as: Double.self) }
          try learner.absorb(attachments: $0.map { UnsafeRawBufferPointer(rebasing: $0.dropFirst(8)) })
        }
      }
      guard learner.apply(labelled: stepCase.rows, lossSum: lossSum).isFinite else {
        throw BenchError("an update was not finite")
      }
    }
  }
}
