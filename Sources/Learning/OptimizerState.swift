import Tensors

/// What an optimiser remembers between steps, for one group of parameters.
///
/// - Source: Kingma & Ba 2015 (Adam, algorithm 1; ε outside the corrected root, as in PyTorch); Duchi, Hazan & Singer 2011.
final class OptimizerState {
  let spec: OptimizerSpec
  /// Adam: first moment. SGD: velocity. Adagrad: sum of squares.
  let first: AlignedBuffer<Float>
  /// Adam: second moment; else empty.
  let second: AlignedBuffer<Float>
  /// βᵗ by repeated multiplication, the same bits everywhere.
  var beta1Power: Double = 1
  var beta2Power: Double = 1

  /// - Parameter rowCount: Not nil: Adagrad keeps one sum a row.
  init(_ spec: OptimizerSpec, count: Int, rowCount: Int? = nil) {
    self.spec = spec
    switch spec.kind {
    case .adam:
      first = AlignedBuffer(count: count)
      second = AlignedBuffer(count: count)
    case .sgd:
      first = AlignedBuffer(count: count)
      second = AlignedBuffer(count: 0)
    case .adagrad:
      first = AlignedBuffer(count: rowCount ?? count)
      second = AlignedBuffer(count: 0)
    }
  }

  /// The next step's constants.
  func constants(inverseCount: Float, scale: Float, valueLimit: Float?) -> UpdateConstants {
    var constants = UpdateConstants()
    constants.inverse_count = inverseCount
    constants.value_limit = valueLimit ?? .infinity
    constants.scale = scale
    constants.epsilon = spec.epsilon
    switch spec.kind {
    case .adam:
      beta1Power *= Double(spec.beta1)
      beta2Power *= Double(spec.beta2)
      constants.rate = Float(Double(spec.learningRate) / (1 - beta1Power))
      constants.first = 1 - spec.beta1
      constants.second = spec.beta2
      constants.inverse_root_correction = Float(1 / (1 - beta2Power).squareRoot())
    case .sgd:
      constants.rate = spec.learningRate
      constants.first = spec.momentum
    case .adagrad:
      constants.rate = spec.learningRate
    }
    return constants
  }

  /// Updates `count` elements from `start` on; Σ (change)².
  func update(
    _ kernels: Kernels, weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, start: Int, count: Int,
    _ constants: UnsafePointer<UpdateConstants>
  ) -> Double {
    let w = weights + start
    let g = gradient + start
    switch spec.kind {
    case .adam:
      return kernels.adam(
        count: count, w, g, mean: first.pointer + start, square: second.pointer + start, constants)
    case .sgd: return kernels.sgd(count: count, w, g, velocity: first.pointer + start, constants)
    case .adagrad: return kernels.adagrad(count: count, w, g, sums: first.pointer + start, constants)
    }
  }

  /// Updates the rows `buckets` of a table whose first element is `offset` and whose first row is `firstRow`.
  func updateRows(
    _ kernels: Kernels, _ buckets: UnsafePointer<UInt32>, count: Int, width: Int, weights: UnsafeMutablePointer<Float>,
    offset: Int, firstRow: Int, gradient: UnsafePointer<Float>, stride: Int, _ constants: UnsafePointer<UpdateConstants>
  ) -> Double {
    let w = weights + offset
    switch spec.kind {
    case .adam:
      return kernels.adamRows(
        count: count, buckets, width: width, w, mean: first.pointer + offset, square: second.pointer + offset,
        gradient: gradient, stride: stride, constants)
    case .sgd:
      return kernels.sgdRows(
        count: count, buckets, width: width, w, velocity: first.pointer + offset, gradient: gradient, stride: stride,
        constants)
    case .adagrad:
      return kernels.adagradRows(
        count: count, buckets, width: width, w, sums: first.pointer + firstRow, gradient: gradient, stride: stride,
        constants)
    }
  }
}
