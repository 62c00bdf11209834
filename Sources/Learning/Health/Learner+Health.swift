public import Health
import Tensors

extension Learner {
  /// Each layer's window since the last take; begins a new one.
  public func takeHealth() -> [LayerHealth] { withArithmeticMode { monitor.take() } }
}
