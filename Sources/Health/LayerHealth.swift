public import Vocabulary

/// The health of one layer over a window of steps.
///
/// Over windows everything adds up. Over the ranks of one window only the sketch does (`mergeValues`): each counts its own rows,
/// while all see the same reduced gradient and make the same update, so that `steps` are the group's, whatever its size.
public struct LayerHealth: Sendable, Hashable, Codable {
  public let layer: String
  /// Of the layer's outputs, after the activation.
  public var sketch: ActivationSketch
  /// Sum over steps of the squared L2 norm of the layer's gradient, before clipping.
  @JSONSafe public var gradientSquaredNormSum: Double
  /// Steps that were applied.
  public var steps: Int64
  /// L2 norm of the layer's parameters at the end of the window.
  @JSONSafe public var weightNorm: Double
  /// Sum over steps of the L2 norm of the change of the layer's parameters.
  @JSONSafe public var updateNormSum: Double
  /// nil: an older program counted none.
  public var tensors: TensorSketches?

  public init(
    layer: String, sketch: ActivationSketch, gradientSquaredNormSum: Double = 0, steps: Int64 = 0,
    weightNorm: Double = 0, updateNormSum: Double = 0, tensors: TensorSketches? = nil
  ) {
    self.layer = layer
    self.sketch = sketch
    self.gradientSquaredNormSum = gradientSquaredNormSum
    self.steps = steps
    self.weightNorm = weightNorm
    self.updateNormSum = updateNormSum
    self.tensors = tensors
  }

  /// Root mean square over the steps of the gradient's L2 norm; nil without a step.
  public var gradientNorm: Double? { steps > 0 ? (gradientSquaredNormSum / Double(steps)).squareRoot() : nil }

  /// Mean over the steps of the L2 norm of an update; nil without a step.
  public var updateNorm: Double? { steps > 0 ? updateNormSum / Double(steps) : nil }

  /// Mean size of an update as a share of the parameters' norm, or of `updateNormFloor` where that is larger; nil without a
  /// step or with all parameters zero.
  public var updateRatio: Double? {
    guard steps > 0, weightNorm != 0 else { return nil }
    return updateNormSum / Double(steps) / (weightNorm < Self.updateNormFloor ? Self.updateNormFloor : weightNorm)
  }

  /// Parameters that should be near zero, such as the bias that is all there is of a linear model's output, are not sick for
  /// moving by more than themselves. Inputs and logits are of the order of 1, so an update is small beside that.
  public static let updateNormFloor = 1.0

  /// Adds a later window of the same layer.
  public mutating func merge(_ other: LayerHealth) {
    sketch.merge(other.sketch)
    gradientSquaredNormSum += other.gradientSquaredNormSum
    if other.steps > 0 || steps == 0 { weightNorm = other.weightNorm }
    steps += other.steps
    updateNormSum += other.updateNormSum
    if let later = other.tensors, tensors != nil { tensors?.merge(later) } else { tensors = other.tensors ?? tensors }
  }
}

extension Array where Element == LayerHealth {
  /// Adds what another rank's rows gave in the same window.
  public mutating func mergeValues(of other: [LayerHealth]) {
    merge(other, by: \.layer) { own, layer in
      own.sketch.merge(layer.sketch)
      if let tensors = layer.tensors { own.tensors?.mergeValues(tensors) }
    }
  }

  /// Merges layer by layer, by name; layers only `other` has are added at the end.
  public mutating func merge(_ other: [LayerHealth]) { merge(other, by: \.layer) { $0.merge($1) } }
}

extension Array {
  /// Merges each of `other` into the element of the same name; those of other names are added at the end.
  mutating func merge(_ other: [Element], by name: (Element) -> String, _ merge: (inout Element, Element) -> Void) {
    for (place, element) in other.enumerated() {
      // Ranks list the same layers in the same order, so the search is rarely needed.
      let isInPlace = place < count && name(self[place]) == name(element)
      if let found = isInPlace ? place : firstIndex(where: { name($0) == name(element) }) {
        merge(&self[found], element)
      } else {
        append(element)
      }
    }
  }
}
