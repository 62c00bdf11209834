public import Health
import Tensors

extension Learner {
  /// Each layer's window since the last take: the steps that were applied in it. Begins a new one.
  public func takeHealth() -> [LayerHealth] { withArithmeticMode { monitor.take() } }
}
