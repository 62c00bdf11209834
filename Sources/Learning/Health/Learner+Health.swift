public import Health
import Tensors

extension Learner {
  /// Each layer's window since the last take: the steps that were applied in it. Begins a new one.
  public func takeHealth() -> [LayerHealth] { withArithmeticMode { monitor.take() } }

  /// What each layer's work took since the last take, by a sample of the steps.
  public func takeCosts() -> [LayerCost] { sample.take() }

  /// What the next batch is timed with: by whoever asked for it, else where the step is one of the sample.
  func openTimes() {
    guard times == nil else { return }
    network.times = sample.open(step: step)
  }
}
