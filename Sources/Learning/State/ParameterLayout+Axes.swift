extension ParameterLayout {
  /// What the inputs or outputs of a block stand for.
  enum Axis {
    /// The columns of the encoded input.
    case columns
    /// Of these the numbers and missing indicators alone.
    case numericColumns
    /// Units, classes, ranks: the same in every spec of one shape.
    case places
    /// What a head answers: the same place is the same class, where there are more or fewer of them.
    case answers
    /// Nobody has said it: such a layer cannot be taken over where inputs have come or moved.
    case unknown
  }

  /// A block by a name that is its own, whatever the features are.
  struct NamedBlock {
    let name: String
    let block: ParameterBlock
    let inputs, outputs: Axis
  }

  /// Every block of the vector.
  var namedBlocks: [NamedBlock] {
    var blocks: [NamedBlock] = []
    for branch in branches {
      for (place, layer) in branch.layers.enumerated() {
        for (number, block) in layer.blocks.enumerated() {
          let axes = layer.axes(of: block, readsColumns: place == 0)
          blocks.append(
            NamedBlock(name: "\(layer.name) \(number)", block: block, inputs: axes.inputs, outputs: axes.outputs))
        }
      }
    }
    for head in heads {
      for reading in head.readings {
        let branch = branches[reading.branch]
        blocks.append(
          NamedBlock(
            name: "\(head.name) of \(branch.layers.first?.name ?? "\(branch.role)")", block: reading.weights,
            inputs: branch.outputAxis, outputs: .answers))
      }
      blocks.append(NamedBlock(name: "\(head.name) bias", block: head.bias, inputs: .places, outputs: .answers))
      if let block = head.temperature {
        blocks.append(NamedBlock(name: "\(head.name) temperature", block: block, inputs: .places, outputs: .places))
      }
    }
    return blocks
  }
}

extension BranchPlan {
  /// What the columns that heads read stand for.
  fileprivate var outputAxis: ParameterLayout.Axis {
    switch layers.last {
    case nil: isWide ? .numericColumns : .columns
    case is CrossPlan: .columns
    case is HiddenPlan, is PairPlan, is BilinearPlan: .places
    default: .unknown
    }
  }
}

extension LayerPlan {
  /// - Parameter readsColumns: The layer reads the encoded input itself.
  fileprivate func axes(
    of block: ParameterBlock, readsColumns: Bool
  ) -> (inputs: ParameterLayout.Axis, outputs: ParameterLayout.Axis) {
    switch self {
    case let hidden as HiddenPlan: (readsColumns && block == hidden.weights ? .columns : .places, .places)
    case let cross as CrossPlan:
      if block == cross.narrow {
        (.columns, .places)
      } else {
        (block == cross.weights && cross.narrow == nil ? .columns : .places, .columns)
      }
    case is BilinearPlan: (.places, .places)
    default: (.unknown, .unknown)
    }
  }
}
