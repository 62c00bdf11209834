/// What of a layer's window is held against later ones.
public struct LayerTrace: Sendable, Hashable {
  public var layer: String
  public var steps: Int64
  /// nil: no step was applied.
  public var gradientNorm: Double?
  /// Mean over the steps of the L2 norm of the change of the layer's parameters.
  public var updateNorm: Double?
  public var weightNorm: Double

  public init(_ layer: LayerHealth) {
    self.layer = layer.layer
    steps = layer.steps
    gradientNorm = layer.gradientNorm
    updateNorm = layer.updateNorm
    weightNorm = layer.weightNorm
  }
}
