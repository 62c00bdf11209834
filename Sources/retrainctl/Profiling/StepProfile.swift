import Foundation
import Learning
import Tensors

/// What a learner's step costs, layer by layer, on one thread of this machine, with made-up records.
struct StepProfile {
  let rows: Int
  let kernels: Kernels.Level
  let parameters: Int
  /// Wall time of a whole step; the median of several windows.
  let stepMicroseconds: Double
  /// By layer and part, of one step; measuring them makes a step somewhat longer.
  let parts: [(layer: String, part: StepTimes.Part, microseconds: Double)]

  /// - Parameter seconds: About how long to measure.
  init(_ spec: LearnerSpec, rows: Int, seconds: Double) {
    let stepper = Stepper(spec, rows: rows)
    self.rows = rows
    kernels = Kernels.active.level
    parameters = stepper.learner.parametersDigestInput.count / 4
    let calls = stepper.calls(in: seconds / 10)
    let windows = (0..<5).map { _ in stepper.time(calls) }.sorted()
    stepMicroseconds = windows[2] * 1e6
    let times = StepTimes()
    stepper.learner.times = times
    let measured = max(calls * 3, 10)
    _ = stepper.time(measured)
    // The time of passing over a wide part that the model does not have is nobody's.
    parts = times.rows.filter { spec.wide || $0.layer != "wide" }.map {
      ($0.layer, $0.part, Double($0.nanoseconds) / 1000 / Double(measured))
    }
  }

  func microseconds(_ layer: String, _ wanted: Set<StepTimes.Part>) -> Double {
    parts.reduce(0) { $0 + ($1.layer == layer && wanted.contains($1.part) ? $1.microseconds : 0) }
  }

  /// In the order in which a step meets them.
  var layers: [String] {
    var seen: [String] = []
    for part in parts where !seen.contains(part.layer) { seen.append(part.layer) }
    return seen
  }
}

/// A learner and records to step through.
private final class Stepper {
  let learner: Learner
  private let batches: [FeatureBatch]
  private var next = 0

  init(_ spec: LearnerSpec, rows: Int) {
    learner = Learner(spec: spec, batchCapacity: rows)
    var synthetic = SyntheticBatches(spec, seed: 7)
    batches = (0..<32).map { _ in synthetic.next(rows: rows) }
  }

  /// How many steps fit into `seconds`; warms caches and clocks meanwhile.
  func calls(in seconds: Double) -> Int {
    var calls = 1
    while true {
      let time = time(calls) * Double(calls)
      if time >= seconds / 2 { return max(1, Int(Double(calls) * seconds / time)) }
      calls *= 2
    }
  }

  /// Seconds a step.
  func time(_ calls: Int) -> Double {
    let clock = ContinuousClock()
    let time = clock.measure { for _ in 0..<calls { step() } }
    let (seconds, parts) = time.components
    return (Double(seconds) + Double(parts) * 1e-18) / Double(calls)
  }

  private func step() {
    let batch = batches[next % batches.count]
    next += 1
    learner.predict(batch)
    let local = learner.backward(batch)
    learner.absorbOwn()
    _ = learner.apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum)
  }
}
