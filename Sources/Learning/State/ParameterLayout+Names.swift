extension ParameterLayout {
  /// A block by a name that is its own, whatever the features are.
  struct NamedBlock {
    let name: String
    let block: ParameterBlock
    let axes: BlockAxes
    /// The head whose weights these are; nil: a layer's.
    let head: Int?
  }

  /// Every block of the vector.
  var namedBlocks: [NamedBlock] {
    var blocks: [NamedBlock] = []
    for branch in branches {
      for (place, layer) in branch.layers.enumerated() {
        for (number, block) in layer.blocks.enumerated() {
          blocks.append(
            NamedBlock(
              name: "\(layer.name) \(number)", block: block, axes: layer.axes(of: block, readsColumns: place == 0),
              head: nil))
        }
      }
    }
    for (number, head) in heads.enumerated() {
      func append(_ what: String, _ block: ParameterBlock, _ inputs: BlockAxes.Axis, _ outputs: BlockAxes.Axis) {
        blocks.append(
          NamedBlock(name: "\(head.name) \(what)", block: block, axes: BlockAxes(inputs, outputs), head: number))
      }
      for reading in head.readings {
        let branch = branches[reading.branch]
        append("of \(branch.layers.first?.name ?? "\(branch.role)")", reading.weights, branch.outputAxis, .answers)
      }
      append("bias", head.bias, .places, .answers)
      if let block = head.temperature { append("temperature", block, .places, .places) }
    }
    return blocks
  }
}

extension BranchPlan {
  /// What the columns that heads read stand for.
  fileprivate var outputAxis: BlockAxes.Axis { layers.last?.outputAxis ?? (isWide ? .numericColumns : .columns) }
}
