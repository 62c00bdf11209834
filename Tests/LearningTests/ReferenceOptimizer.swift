import Learning

/// The optimisers once more, in plain double precision, one parameter at a time, as their papers write them.
struct ReferenceOptimizer {
  let spec: OptimizerSpec
  let isWeight: [Bool]
  private(set) var weights: [Double]
  private var first, second, third: [Double]
  private var steps = 0

  /// - Parameters:
  ///   - isWeight: Penalties act on it; its count is that of the parameters.
  init(_ spec: OptimizerSpec, _ weights: [Double], isWeight: [Bool]) {
    self.spec = spec
    self.isWeight = isWeight
    self.weights = Array(weights.prefix(isWeight.count))
    first = [Double](repeating: 0, count: isWeight.count)
    (second, third) = (first, first)
    guard spec.kind == .ftrl else { return }
    // FTRL's sums begin where its formula gives the weights that are there.
    for index in isWeight.indices where weights[index] != 0 {
      let (l1, l2) = penalties(index)
      first[index] =
        -weights[index] * (Double(spec.beta) / Double(spec.learningRate) + l2) - (weights[index] > 0 ? l1 : -l1)
    }
  }

  private func penalties(_ index: Int) -> (l1: Double, l2: Double) {
    isWeight[index] ? (Double(spec.l1), Double(spec.l2)) : (0, 0)
  }

  private func sign(_ x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : 0 }

  /// One step from the weights as they are, which follow the learner's so that errors do not add up.
  mutating func step(_ current: [Double], gradient: [Double]) {
    steps += 1
    for index in isWeight.indices { weights[index] = move(current[index], gradient[index], index) }
  }

  private mutating func move(_ w: Double, _ lossGradient: Double, _ index: Int) -> Double {
    let (rate, beta1, beta2) = (Double(spec.learningRate), Double(spec.beta1), Double(spec.beta2))
    let epsilon = Double(spec.epsilon)
    let (l1, l2) = penalties(index)
    if spec.kind == .ftrl { return proximal(w, lossGradient, index, rate: rate, l1: l1, l2: l2) }
    let g = lossGradient + l2 * w + l1 * sign(w)
    let decayed = isWeight[index] ? w * (1 - rate * Double(spec.weightDecay)) : w
    switch spec.kind {
    case .adam, .adamw, .amsgrad:
      first[index] = beta1 * first[index] + (1 - beta1) * g
      second[index] = beta2 * second[index] + (1 - beta2) * g * g
      third[index] = max(third[index], second[index])
      let square = spec.kind == .amsgrad ? third[index] : second[index]
      var powers = (1.0, 1.0)
      for _ in 0..<steps { powers = (powers.0 * beta1, powers.1 * beta2) }
      return decayed - rate * (first[index] / (1 - powers.0)) / ((square / (1 - powers.1)).squareRoot() + epsilon)
    case .sgd:
      let momentum = Double(spec.momentum)
      first[index] = momentum * first[index] + g
      return decayed - rate * (spec.nesterov ? g + momentum * first[index] : first[index])
    case .adagrad:
      first[index] += g * g
      return decayed - rate * g / (first[index].squareRoot() + epsilon)
    case .rmsprop:
      first[index] = beta2 * first[index] + (1 - beta2) * g * g
      return decayed - rate * g / (first[index].squareRoot() + epsilon)
    case .lion:
      let direction = sign(beta1 * first[index] + (1 - beta1) * g)
      first[index] = beta2 * first[index] + (1 - beta2) * g
      return decayed - rate * direction
    case .ftrl: return w
    }
  }

  private mutating func proximal(
    _ w: Double, _ g: Double, _ index: Int, rate: Double, l1: Double, l2: Double
  ) -> Double {
    let sigma = ((second[index] + g * g).squareRoot() - second[index].squareRoot()) / rate
    first[index] += g - sigma * w
    second[index] += g * g
    let z = first[index]
    if abs(z) <= l1 { return 0 }
    return -(z - sign(z) * l1) / ((Double(spec.beta) + second[index].squareRoot()) / rate + l2)
  }
}
