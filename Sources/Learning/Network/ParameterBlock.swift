import Tensors

/// One matrix or vector of parameters within the flat vector; elements between its rows are zero and stay so.
struct ParameterBlock: Sendable, Hashable {
  /// What the parameters do: decides how they begin, and which of them decay.
  enum Role: Sendable, Hashable {
    /// Of a hidden or cross layer.
    case weight
    /// From a layer's outputs to logits.
    case outputWeight
    /// From raw inputs to logits; begins at 0.
    case wideWeight
    /// From pooled interactions to logits; begins at 1, as in a plain factorisation machine.
    case interaction
    case bias
    case gain
    case offset
    /// PReLU's slope below zero.
    case slope
    /// The logarithm of a head's temperature; begins at 0. In no segment: it is neither clipped nor optimised with them.
    case temperature
  }

  let role: Role
  let inputs, outputs: Int
  /// Lies as [outputs][inputs rounded up to 16], for products with few outputs; else as panels [⌈outputs/16⌉][inputs][16].
  let isThin: Bool
  /// Index of the first element, a multiple of 16.
  let start: Int

  /// Elements with the padding.
  var paddedCount: Int { isThin ? outputs * paddedToLanes(inputs) : paddedToLanes(outputs) * inputs }
  var range: Range<Int> { start..<(start + paddedCount) }

  /// The matrix within a flat vector: the parameters, or the gradient by them.
  @inline(__always)
  func matrix(in vector: UnsafeMutablePointer<Float>) -> PackedMatrix {
    PackedMatrix(vector + start, inputs: inputs, outputs: outputs)
  }

  /// So many of its outputs, from a panel on: a block of their own.
  func panels(_ first: Int, outputs: Int) -> ParameterBlock {
    ParameterBlock(
      role: role, inputs: inputs, outputs: outputs, isThin: isThin, start: start + 16 * first * inputs)
  }

  /// The matrix that lies at `pointer`.
  @inline(__always)
  func matrix(at pointer: UnsafeMutablePointer<Float>) -> PackedMatrix {
    PackedMatrix(pointer, inputs: inputs, outputs: outputs)
  }

  /// Where the weight from `input` to `output` lies; a vector has one input.
  func index(_ input: Int, _ output: Int) -> Int {
    isThin
      ? start + output * paddedToLanes(inputs) + input : start + ((output / 16) * inputs + input) * 16 + output % 16
  }
}
