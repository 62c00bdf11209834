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
      BenchFlag(
        "part", HealthPart.allCases.dropFirst().map(\.rawValue).joined(separator: "|"), HealthPart.all.rawValue,
        "What looks: all of it; layers, that is counts and histograms of values, gradients and updates; counts, layers "
          + "without the histograms of values; rows, records drawn at random; losses, for a loss that is another one."),
      BenchFlag("seconds", "s", "5", "How long to measure."), .kernels, .clock,
    ],
    run: runHealth)
}

/// What of all that health does in a step is measured.
enum HealthPart: String, CaseIterable {
  case none, all, layers, counts, rows, losses

  var countsLayers: Bool { [.all, .layers, .counts].contains(self) }
  var drawsRows: Bool { [.all, .rows].contains(self) }
  var watchesLosses: Bool { [.all, .losses].contains(self) }
}

@Sendable private func runHealth(_ options: inout BenchOptions) throws {
  let activation = options.string("activation")
  let stepCase = StepCase(
    network: try BenchNetwork(name: options.string("net"), activation: activation), activation: activation,
    rows: try options.int("batch"), ranks: 1, kernels: try benchKernels(options.string("kernels")),
    clock: try BenchClock(flag: options.string("clock")))
  let name = options.string("part")
  guard let part = HealthPart(rawValue: name), part != .none else { throw BenchError("--part \(name) is no part") }
  try runCost(stepCase, of: .health(part), seconds: try options.double("seconds"))
}

/// What a worker does for health beside what the learner counts.
final class StepWatchers {
  private let part: HealthPart
  private var sampler: RowSampler?
  private var (own, stable) = (LossWatch(), LossWatch())
  private let losses: AlignedBuffer<Double>
  private(set) var bytes = 0

  init(_ part: HealthPart, rows: Int) {
    self.part = part
    losses = AlignedBuffer(count: rows)
  }

  func look(at batch: FeatureBatch, _ outputs: UnsafeBufferPointer<Float>, step: Int64) {
    guard let answers = outputs.baseAddress else { return }
    // Computed for the measures, with or without health.
    var sum = 0.0
    for row in 0..<batch.count {
      losses[row] = Double(abs(answers[row] - batch.labels[row * batch.labelCount]))
      sum += losses[row]
    }
    if part.drawsRows { draw(batch, outputs) }
    guard part.watchesLosses else { return }
    var counts = AnswerCounts()
    for row in 0..<batch.count {
      counts.add(isPositive: batch.labels[row * batch.labelCount] >= 0.5, isWrong: losses[row] > 0.5)
    }
    own.add(sum / Double(batch.count), answers: counts, step: step)
    stable.add(sum / Double(batch.count), answers: counts, step: step)
  }

  private func draw(_ batch: FeatureBatch, _ outputs: UnsafeBufferPointer<Float>) {
    let sampler =
      self.sampler
      ?? RowSampler(
        numbers: (0..<batch.numberCount).map { ("n\($0)", $0) },
        categories: (0..<batch.categoryCount).map { SampledCategory(name: "c\($0)", row: $0, high: nil) }, label: "y",
        classes: nil)
    self.sampler = sampler
    sampler.add(batch, outputs: outputs, without: [])
  }

  /// Ends a window, as before a checkpoint.
  func take(_ learner: Learner) {
    if part.countsLayers {
      var encoded: [UInt8] = []
      learner.takeHealth().encode(into: &encoded)
      bytes += encoded.count
    }
    bytes += sampler?.take().count ?? 0
    own.beginWindow()
    stable.beginWindow()
  }
}
