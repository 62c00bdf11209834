import Evaluation
import Health
import Learning
import Tensors
import Worker

extension Workload {
  static let health = Workload(
    name: "health",
    summary: "what it costs that health looks at every step: full telemetry beside none, in turn",
    flags: [
      .net, .activation, BenchFlag("batch", "records", "256", "Records a step."),
      BenchFlag("seconds", "s", "5", "How long to measure."), .kernels, .clock,
    ],
    run: runHealth)
}

@Sendable private func runHealth(_ options: inout BenchOptions) throws {
  let activation = options.string("activation")
  let stepCase = StepCase(
    network: try BenchNetwork(name: options.string("net"), activation: activation), activation: activation,
    rows: try options.int("batch"), ranks: 1, kernels: try benchKernels(options.string("kernels")),
    clock: try BenchClock(flag: options.string("clock")))
  try runCost(stepCase, of: .health, seconds: try options.double("seconds"))
}

/// What a worker does for health beside what the learner counts.
final class StepWatchers {
  private var sampler: RowSampler?
  private var (own, stable) = (LossWatch(), LossWatch())
  private var losses: [Double] = []
  private(set) var bytes = 0

  func look(at batch: FeatureBatch, _ outputs: UnsafeBufferPointer<Float>, step: Int64) {
    let sampler =
      self.sampler
      ?? RowSampler(
        numbers: (0..<batch.numberCount).map { ("n\($0)", $0) },
        categories: (0..<batch.categoryCount).map { SampledCategory(name: "c\($0)", row: $0, high: nil) }, label: "y",
        classes: nil)
    self.sampler = sampler
    sampler.add(batch, outputs: outputs, without: [])
    if losses.count != batch.count { losses = Array(repeating: 0, count: batch.count) }
    guard let answers = outputs.baseAddress else { return }
    // The losses themselves are computed for the measures, with or without health.
    var (sum, counts) = (0.0, AnswerCounts())
    for row in 0..<batch.count {
      let label = batch.labels[row * batch.labelCount]
      let loss = Double(abs(answers[row] - label))
      sum += loss
      counts.add(isPositive: label >= 0.5, isWrong: loss > 0.5)
    }
    own.add(sum / Double(batch.count), answers: counts, step: step)
    stable.add(sum / Double(batch.count), answers: counts, step: step)
  }

  /// Ends a window, as before a checkpoint.
  func take(_ health: [LayerHealth]) {
    var encoded: [UInt8] = []
    health.encode(into: &encoded)
    bytes += encoded.count + (sampler?.take().count ?? 0)
    own.beginWindow()
    stable.beginWindow()
  }
}
