import Tensors

/// Where each layer's dense parameters lie in one vector; a pure function of the spec, the same on every rank.
package struct ParameterLayout: Sendable {
  /// The parameters of one layer, as health and clipping see them; blocks in canonical order.
  struct Segment: Sendable {
    let name: String
    let blocks: [ParameterBlock]
    let range: Range<Int>
    /// Its weights begin as the spec's activation wants them.
    let followsActivation: Bool
  }

  /// One head's weights of what branches give.
  struct Head: Sendable {
    /// Weights of one branch's output.
    struct Reading: Sendable {
      /// Place among the branches.
      let branch: Int
      let weights: ParameterBlock

      fileprivate init(_ branch: Int, of branches: [BranchPlan], outputs: Int, _ taker: inout BlockTaker) {
        self.branch = branch
        let (role, inputs) = (branches[branch].role, branches[branch].output.count)
        weights = taker.take(role, inputs: inputs, outputs: outputs, isThin: true)
      }
    }

    let name: String
    /// Of the segment with its weights of the wide part.
    let wideName: String
    let outputs: Int
    /// In the order of the branches, which is that in which logits are summed.
    let readings: [Reading]
    let bias: ParameterBlock
    /// nil: none is learned.
    var temperature: ParameterBlock?
  }

  /// What writes the encoded input, from left to right.
  let encoders: [any EncoderPlan]
  let branches: [BranchPlan]
  let heads: [Head]
  /// The layers in order: branch by branch, then output and wide part of each head.
  let segments: [Segment]
  /// Elements of the vector, a multiple of 16; what lies between parameters is zero and stays so.
  package let count: Int

  /// Columns of the encoded input: embeddings first, then the others.
  let embeddingWidth, numericWidth: Int
  var inputWidth: Int { embeddingWidth + numericWidth }

  /// - Parameter further: Encoders that the spec does not describe, right of all others.
  init(_ spec: LearnerSpec, further: [any EncoderPlan] = []) {
    let encoders = Encoders.all(spec) + further
    self.encoders = encoders
    let columns = InputColumns(encoders)
    (embeddingWidth, numericWidth) = (columns.embeddingWidth, columns.numericWidth)
    var taker = BlockTaker()
    let branches = BranchPlan.all(spec, columns, &taker)
    self.branches = branches
    var segments: [Segment] = []
    func append(_ name: String, _ blocks: [ParameterBlock], followsActivation: Bool = false) {
      if let segment = Segment(name, blocks, followsActivation: followsActivation) { segments.append(segment) }
    }
    for layer in branches.flatMap(\.layers) {
      append(layer.name, layer.blocks, followsActivation: layer.followsActivation)
    }
    var heads: [Head] = []
    for head in spec.heads {
      let suffix = head.name.isEmpty ? "" : "." + head.name
      var readings = [Head.Reading(0, of: branches, outputs: head.outputCount, &taker)]
      let bias = taker.take(.bias, outputs: head.outputCount)
      for place in branches.indices.dropFirst() where !branches[place].isWide {
        readings.append(Head.Reading(place, of: branches, outputs: head.outputCount, &taker))
      }
      append("output" + suffix, [readings[0].weights, bias] + readings.dropFirst().map(\.weights))
      let wide = branches.indices.filter { branches[$0].isWide }.map {
        Head.Reading($0, of: branches, outputs: head.outputCount, &taker)
      }
      append("wide" + suffix, wide.map(\.weights))
      heads.append(
        Head(
          name: "output" + suffix, wideName: "wide" + suffix, outputs: head.outputCount, readings: readings + wide,
          bias: bias))
    }
    for (place, head) in spec.heads.enumerated() where head.temperature == .learned {
      heads[place].temperature = taker.take(.temperature, outputs: 1)
    }
    self.heads = heads
    self.segments = segments
    count = taker.next
  }

  /// Indices of the real parameters in canonical order: segment by segment, block by block, [inputs × outputs] row-major,
  /// then temperatures.
  package func forEachParameter(_ body: (_ layer: String, _ index: Int) -> Void) {
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

extension ParameterLayout.Segment {
  /// One segment of blocks that follow each other; none where there is nothing to learn.
  fileprivate init?(_ name: String, _ blocks: [ParameterBlock], followsActivation: Bool) {
    guard let first = blocks.first, let last = blocks.last else { return nil }
    self.init(
      name: name, blocks: blocks, range: first.start..<last.range.upperBound, followsActivation: followsActivation)
  }
}

/// Hands out stretches of the parameter vector, one behind the other.
struct BlockTaker {
  private(set) var next = 0

  /// - Parameter isThin: For products with few outputs.
  mutating func take(
    _ role: ParameterBlock.Role, inputs: Int = 1, outputs: Int, isThin: Bool = false
  ) -> ParameterBlock {
    let block = ParameterBlock(role: role, inputs: inputs, outputs: outputs, isThin: isThin, start: next)
    next += block.paddedCount
    return block
  }
}
