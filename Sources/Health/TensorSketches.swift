/// What a layer's tensors looked like in some of a window's steps, each as a sketch over all its elements; of no unit alone.
public struct TensorSketches: Sendable, Hashable, Codable {
  /// What the activation took in, over the ranks' rows; empty where the layer has no activation.
  public var inputs: ActivationSketch
  /// At the end of the window.
  public var weights: ActivationSketch
  /// A record, before clipping.
  public var gradients: ActivationSketch
  /// What a step added to the weights.
  public var updates: ActivationSketch

  public init(
    inputs: ActivationSketch = ActivationSketch(), weights: ActivationSketch = ActivationSketch(),
    gradients: ActivationSketch = ActivationSketch(), updates: ActivationSketch = ActivationSketch()
  ) {
    (self.inputs, self.weights, self.gradients, self.updates) = (inputs, weights, gradients, updates)
  }

  /// Each with what it is called, in the order in which they come about.
  public var all: [(name: String, sketch: ActivationSketch)] {
    [("inputs", inputs), ("weights", weights), ("gradients", gradients), ("updates", updates)]
  }

  /// Adds a later window.
  mutating func merge(_ other: TensorSketches) {
    inputs.merge(other.inputs)
    weights = other.weights
    gradients.merge(other.gradients)
    updates.merge(other.updates)
  }

  /// Adds another rank's rows; weights, gradients and updates are the same on every rank.
  mutating func mergeValues(_ other: TensorSketches) { inputs.merge(other.inputs) }
}
