import Health
import Tensors

extension Learner {
  /// Each layer's window since the last take; begins a new one.
  public func takeHealth() -> [LayerHealth] { withArithmeticMode { monitor.take() } }

  /// The first layer or table that holds a NaN or an infinity; nil: all parameters are numbers.
  public func firstNonFiniteParameter() -> String? { model.firstNonFiniteParameter() }
}
