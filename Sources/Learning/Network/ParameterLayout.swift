import Tensors

/// Where each layer's dense parameters lie in one vector; a pure function of the spec, the same on every rank.
struct ParameterLayout: Sendable {
  /// The parameters of one layer, as health and clipping see them; blocks in canonical order.
  struct Segment: Sendable {
    let name: String
    let blocks: [ParameterBlock]
    let range: Range<Int>
  }

  /// Dense, normalisation, activation, dropout, skip connection.
  struct Hidden: Sendable {
    let name: String
    let inputs, units: Int
    /// Columns of the product: two a unit before a gate.
    let width: Int
    let weights, bias: ParameterBlock
    /// nil without normalisation; RMSNorm has no offset.
    let gain, offset: ParameterBlock?
    /// Of a PReLU.
    let slope: ParameterBlock?
    /// The input is added to the output: both are as wide.
    let isResidual: Bool
  }

  /// y = x₀ ⊙ (W·x + b) + x, where W is one matrix, or the product of two with few columns between.
  struct Cross: Sendable {
    let name: String
    let width: Int
    /// nil: W is `weights` alone.
    let narrow: ParameterBlock?
    let weights, bias: ParameterBlock
  }

  /// Weights from each part of the network to one head's logits.
  struct Head: Sendable {
    let outputs: Int
    let weights, bias: ParameterBlock
    let crossWeights, interactions, wideWeights: ParameterBlock?
    /// nil: none is learned.
    var temperature: ParameterBlock?
    let name: String
  }

  let hidden: [Hidden]
  let crosses: [Cross]
  let heads: [Head]
  /// The layers in order: hidden, cross, output, wide.
  let segments: [Segment]
  /// Elements of the vector, a multiple of 16; what lies between parameters is zero and stays so.
  let count: Int

  /// Columns of the network's input: embeddings first, then numbers, then missing indicators.
  let embeddingWidth, numericWidth: Int
  var inputWidth: Int { embeddingWidth + numericWidth }
  /// Columns that the heads' own weights read.
  let topWidth: Int
  /// Width of an interaction; 0 without.
  let pooledWidth: Int

  init(_ spec: LearnerSpec) {
    let isNetwork = spec.kind == .network
    embeddingWidth = isNetwork ? spec.categories.reduce(spec.weighted?.dimension ?? 0) { $0 + $1.dimension } : 0
    numericWidth = spec.numbers.count + spec.numbers.count { $0.missingIndicator }
    let inputWidth = embeddingWidth + numericWidth
    var builder = Builder()
    var hidden: [Hidden] = []
    var width = inputWidth
    for (index, units) in spec.hidden.enumerated() where isNetwork {
      hidden.append(builder.hidden(index, inputs: width, units: units, spec: spec))
      width = units
    }
    self.hidden = hidden
    crosses = (0..<(isNetwork ? spec.crossLayers : 0)).map {
      builder.cross($0, width: inputWidth, rank: spec.crossRank)
    }
    topWidth = isNetwork ? width : 0
    pooledWidth = isNetwork && spec.factorization ? spec.categories.first?.dimension ?? 0 : 0
    var heads: [Head] = []
    for head in spec.heads {
      heads.append(
        builder.head(
          named: head.name, outputs: head.outputCount, top: topWidth, cross: crosses.isEmpty ? 0 : inputWidth,
          pooled: pooledWidth, wide: spec.hasWidePart ? numericWidth : 0))
    }
    for (place, head) in spec.heads.enumerated() where head.temperature == .learned {
      heads[place].temperature = builder.temperature()
    }
    self.heads = heads
    segments = builder.segments
    count = builder.next
  }

  /// Indices of the real parameters in canonical order: segment by segment, block by block, [inputs × outputs] row-major,
  /// then temperatures.
  func forEachParameter(_ body: (_ layer: String, _ index: Int) -> Void) {
    for segment in segments {
      for block in segment.blocks {
        for input in 0..<block.inputs {
          for output in 0..<block.outputs { body(segment.name, block.index(input, output)) }
        }
      }
    }
    for head in heads {
      if let temperature = head.temperature { body(head.name, temperature.start) }
    }
  }
}

extension ParameterLayout {
  /// Hands out stretches of the vector.
  fileprivate struct Builder {
    private(set) var next = 0
    private(set) var segments: [Segment] = []
    private var blocks: [ParameterBlock] = []

    private mutating func take(
      _ role: ParameterBlock.Role, inputs: Int = 1, outputs: Int, isThin: Bool = false
    ) -> ParameterBlock {
      let block = ParameterBlock(role: role, inputs: inputs, outputs: outputs, isThin: isThin, start: next)
      next += block.paddedCount
      blocks.append(block)
      return block
    }

    private mutating func close(_ name: String) {
      guard let first = blocks.first else { return }
      segments.append(Segment(name: name, blocks: blocks, range: first.start..<next))
      blocks = []
    }

    mutating func hidden(_ index: Int, inputs: Int, units: Int, spec: LearnerSpec) -> Hidden {
      let name = "hidden_\(index + 1)"
      defer { close(name) }
      let width = spec.activation.isGate ? 2 * units : units
      let weights = take(.weight, inputs: inputs, outputs: width)
      let bias = take(.bias, outputs: width)
      let gain = spec.normalization == .none ? nil : take(.gain, outputs: width)
      let offset = spec.normalization == .layerNorm ? take(.offset, outputs: width) : nil
      let slope = spec.activation.hasSlope ? take(.slope, outputs: units) : nil
      return Hidden(
        name: name, inputs: inputs, units: units, width: width, weights: weights, bias: bias, gain: gain,
        offset: offset, slope: slope,
        isResidual: spec.residual && inputs == units)
    }

    mutating func cross(_ index: Int, width: Int, rank: Int) -> Cross {
      let name = "cross_\(index + 1)"
      defer { close(name) }
      let narrow = rank > 0 ? take(.weight, inputs: width, outputs: rank) : nil
      return Cross(
        name: name, width: width, narrow: narrow,
        weights: take(.weight, inputs: narrow?.outputs ?? width, outputs: width), bias: take(.bias, outputs: width))
    }

    /// Outside every segment.
    mutating func temperature() -> ParameterBlock {
      defer { blocks = [] }
      return take(.temperature, outputs: 1)
    }

    mutating func head(
      named name: String, outputs: Int, top: Int, cross: Int, pooled: Int, wide: Int
    ) -> Head {
      func thin(_ role: ParameterBlock.Role, _ inputs: Int) -> ParameterBlock? {
        inputs > 0 ? take(role, inputs: inputs, outputs: outputs, isThin: true) : nil
      }
      let suffix = name.isEmpty ? "" : "." + name
      let weights = take(.outputWeight, inputs: top, outputs: outputs, isThin: true)
      let bias = take(.bias, outputs: outputs)
      let crossWeights = thin(.outputWeight, cross)
      let interactions = thin(.interaction, pooled)
      close("output" + suffix)
      let wideWeights = thin(.wideWeight, wide)
      close("wide" + suffix)
      return Head(
        outputs: outputs, weights: weights, bias: bias, crossWeights: crossWeights, interactions: interactions,
        wideWeights: wideWeights, name: "output" + suffix)
    }
  }
}
