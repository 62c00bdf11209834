/// What is done to a large gradient, in this order: each value, each hidden unit, each layer, then the whole.
///
/// Penalties and decay come after it: they are part of the update, not of the gradient.
public struct GradientClipping: Sendable, Hashable, Codable {
  /// The largest global L2 norm of the mean gradient, embedding rows included; nil: unlimited.
  public var globalNorm: Float?
  /// The largest magnitude of one value of the mean gradient; nil: unlimited.
  public var value: Float?
  /// The largest L2 norm of one layer's mean gradient; the touched rows of one category are a layer; nil: unlimited.
  public var layerNorm: Float?
  /// Adaptive gradient clipping: the largest ratio of a unit's gradient norm to its weights' norm (at least 10⁻³), for
  /// the weights of hidden layers; nil: off.
  ///
  /// - Source: Brock et al. 2021, "High-performance large-scale image recognition without normalization", equation 3;
  ///   the last layer is left alone as there.
  public var adaptive: Float?

  public init(globalNorm: Float?, value: Float?, layerNorm: Float? = nil, adaptive: Float? = nil) {
    self.globalNorm = globalNorm
    self.value = value
    self.layerNorm = layerNorm
    self.adaptive = adaptive
  }
}
