package import Tensors

/// What an optimiser remembers between steps, for one group of parameters.
package final class OptimizerState {
  let spec: OptimizerSpec
  let formula: UpdateFormula
  /// Up to three, each as long as the parameters (Adagrad on rows: as the rows); the unused ones are empty.
  package let buffers: [AlignedBuffer<Float>]
  /// βᵗ by repeated multiplication, the same bits everywhere.
  var beta1Power: Double = 1
  var beta2Power: Double = 1
  var plateau = Plateau()
  /// What the rate is multiplied by, from outside; FTRL's falls by itself, and is left as it is. No part of the state.
  var rateScale = 1.0
  /// FTRL: the constants that its sums were last brought in line with.
  var centre: ProximalConstants

  /// - Parameter rowCount: Not nil: Adagrad keeps one sum a row.
  init(_ spec: OptimizerSpec, count: Int, rowCount: Int? = nil) {
    precondition(spec.kind != .ftrl || spec.schedule == .constant, "FTRL's rate falls by itself; it takes no schedule")
    self.spec = spec
    formula = spec.formula
    let size = formula == .adagrad ? rowCount ?? count : count
    buffers = (0..<3).map { AlignedBuffer(count: $0 < spec.formula.stateCount ? size : 0) }
    centre = ProximalConstants(spec)
  }

  /// The learning rate of step number `step`.
  package func rate(at step: Int64) -> Double {
    let rate = Double(spec.learningRate) * spec.schedule.share(at: step, plateauShare: plateau.share)
    return spec.kind == .ftrl ? rate : rate * rateScale
  }

  /// The next step's constants, with penalties.
  ///
  /// - Parameter step: Steps applied before this one.
  func constants(step: Int64, inverseCount: Float, valueLimit: Float?) -> UpdateConstants {
    let rate = rate(at: step)
    var constants = UpdateConstants()
    constants.inverseCount = inverseCount
    constants.valueLimit = valueLimit ?? .infinity
    constants.scale = 1
    constants.rate = Float(rate)
    constants.epsilon = spec.epsilon
    constants.l1 = spec.l1
    constants.l2 = spec.l2
    constants.keep = Float(1 - rate * Double(spec.weightDecay))
    switch spec.kind {
    case .adam, .adamw, .amsgrad:
      beta1Power *= Double(spec.beta1)
      beta2Power *= Double(spec.beta2)
      constants.rate = Float(rate / (1 - beta1Power))
      constants.first = 1 - spec.beta1
      constants.second = spec.beta2
      constants.inverseRootCorrection = Float(1 / (1 - beta2Power).squareRoot())
    case .sgd: constants.first = spec.momentum
    case .adagrad: break
    case .rmsprop: constants.second = spec.beta2
    case .lion:
      constants.first = spec.beta1
      constants.second = spec.beta2
    case .ftrl:
      constants.first = centre.inverseRate
      constants.epsilon = spec.beta
    }
    return constants
  }

  /// Updates `count` elements, whose states begin at `start`; Σ (change)².
  func update(
    _ kernels: Kernels, weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, start: Int, count: Int,
    _ constants: UpdateConstants
  ) -> Double {
    kernels.update(formula, count: count, weights, gradient, states(from: start), constants)
  }

  /// Updates the rows `buckets` of a table whose first element is `offset` and whose first row is `firstRow`.
  func updateRows(
    _ kernels: Kernels, _ buckets: UnsafePointer<UInt32>, count: Int, width: Int, weights: UnsafeMutablePointer<Float>,
    offset: Int, firstRow: Int, gradient: UnsafePointer<Float>, stride: Int, _ constants: UpdateConstants
  ) -> Double {
    kernels.updateRows(
      formula, count: count, buckets, width: width, weights + offset,
      states(from: formula == .adagrad ? firstRow : offset), gradient: gradient, stride: stride, constants)
  }

  private func states(from start: Int) -> UpdateStates {
    UpdateStates(
      buffers[0].pointer + start, formula.stateCount > 1 ? buffers[1].pointer + start : nil,
      formula.stateCount > 2 ? buffers[2].pointer + start : nil)
  }
}

extension UpdateConstants {
  /// The same without penalties: for biases, and the gains and offsets of normalisations.
  var withoutPenalties: UpdateConstants {
    var plain = self
    plain.l1 = 0
    plain.l2 = 0
    plain.keep = 1
    return plain
  }
}

extension OptimizerSpec {
  fileprivate var formula: UpdateFormula {
    switch kind {
    case .adam, .adamw: .adam
    case .sgd: nesterov ? .nesterov : .sgd
    case .adagrad: .adagrad
    case .rmsprop: .rmsprop
    case .amsgrad: .amsgrad
    case .ftrl: .ftrl
    case .lion: .lion
    }
  }
}

extension UpdateFormula {
  /// Buffers that it keeps.
  fileprivate var stateCount: Int {
    switch self {
    case .amsgrad: 3
    case .adam, .ftrl: 2
    case .sgd, .nesterov, .adagrad, .rmsprop, .lion: 1
    }
  }
}
