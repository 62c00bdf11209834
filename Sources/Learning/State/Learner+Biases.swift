import Tensors

extension Learner {
  /// Sets biases of a layer back to 0, and what the optimiser remembers of them: units that a large negative bias keeps at zero may
  /// answer again, and go on learning.
  ///
  /// - Parameter units: Places among the layer's outputs; what is none of them is left out.
  /// - Returns: How many were set back; 0: there is no such layer, or it has no biases.
  @discardableResult
  public func resetBiases(of layer: String, units: [Int]) -> Int {
    let layout = network.layout
    guard
      let bias = layout.branches.flatMap(\.layers).first(where: { $0.name == layer })?.blocks.first(where: {
        $0.role == .bias
      })
    else { return 0 }
    let known = units.filter { (0..<bias.outputs).contains($0) }
    let piece = optimizers.pieces.first { $0.range.contains(bias.start) }
    for unit in known {
      let index = bias.index(0, unit)
      network.parameters[index] = 0
      guard let piece else { continue }
      let place = piece.stateStart + index - piece.range.lowerBound
      for buffer in optimizers.optimizer(of: piece).buffers where buffer.count > 0 { buffer[place] = 0 }
    }
    discardStep()
    return known.count
  }
}
