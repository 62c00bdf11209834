package import Registry
import Vocabulary

/// The ledger of a lineage, read window by window: the steps after one checkpoint, up to another.
package actor RegistryReplayLedger: ReplayLedger {
  private let registry: Registry
  private let windows: [LineageWindow]
  private let steps: ClosedRange<Int64>
  private var next = 0
  private var lastStep: Int64

  /// - Parameters:
  ///   - windows: That hold the steps, in their order.
  ///   - steps: As the ledger numbers them.
  package init(_ registry: Registry, windows: [LineageWindow], steps: ClosedRange<Int64>) {
    (self.registry, self.windows, self.steps) = (registry, windows, steps)
    lastStep = steps.lowerBound - 1
  }

  package func next() async throws -> [ScriptedStep] {
    while next < windows.count, lastStep < steps.upperBound {
      let window = windows[next]
      next += 1
      let ranges = try await registry.ledger(ofCheckpoint: window.checkpoint)
      let scripted = ScriptedStep.steps(ranges.filter { steps.contains($0.step) })
      for step in scripted {
        guard step.step == lastStep + 1 else { throw gap }
        lastStep = step.step
      }
      guard lastStep == min(window.step, steps.upperBound) || scripted.isEmpty && window.step < steps.lowerBound else {
        throw gap
      }
      if !scripted.isEmpty { return scripted }
    }
    guard lastStep == steps.upperBound else { throw gap }
    return []
  }

  private var gap: StepReplay.Failure {
    StepReplay.Failure(
      description: "the ledger has no step \(lastStep + 1): training.ledger was off, or it was pruned")
  }
}
