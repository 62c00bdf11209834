/// What is done to a large gradient: first each value, then the whole by its L2 norm (embedding rows included).
public struct GradientClipping: Sendable, Hashable, Codable {
  /// The largest global norm of the mean gradient; nil: unlimited.
  public var globalNorm: Float?
  /// The largest magnitude of one value of the mean gradient; nil: unlimited.
  public var value: Float?

  public init(globalNorm: Float?, value: Float?) {
    self.globalNorm = globalNorm
    self.value = value
  }
}
