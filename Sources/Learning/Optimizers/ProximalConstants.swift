import Tensors

/// The constants that tie FTRL's sums to its weights: w = −(z − sign(z)·λ₁) / ((β + √n)/α + λ₂) where |z| > λ₁.
struct ProximalConstants: Sendable, Hashable {
  var inverseRate, beta, l1, l2: Float

  init(_ spec: OptimizerSpec) {
    inverseRate = 1 / spec.learningRate
    beta = spec.beta
    l1 = spec.l1
    l2 = spec.l2
  }

  var withoutPenalties: ProximalConstants {
    var plain = self
    plain.l1 = 0
    plain.l2 = 0
    return plain
  }

  /// Sets z so that the weights are what the formula gives: at the beginning, when they are not zero, and when a lineage
  /// goes on with other constants. Without this the first update would forget where the weights were.
  func align(
    _ weights: UnsafePointer<Float>, z: UnsafeMutablePointer<Float>, n: UnsafePointer<Float>, count: Int
  ) {
    for index in 0..<count {
      let weight = weights[index]
      if weight == 0 {
        z[index] = min(max(z[index], -l1), l1)
      } else {
        let divisor = (beta + n[index].squareRoot()) * inverseRate + l2
        z[index] = -weight * divisor - (weight > 0 ? l1 : -l1)
      }
    }
  }

  /// What is saved, in order.
  var numbers: [Double] {
    get { [Double(inverseRate), Double(beta), Double(l1), Double(l2)] }
    set {
      (inverseRate, beta, l1, l2) = (Float(newValue[0]), Float(newValue[1]), Float(newValue[2]), Float(newValue[3]))
    }
  }
}

extension OptimizerState {
  /// Aligns FTRL's sums of `count` weights with them; others need nothing.
  func align(_ weights: UnsafePointer<Float>, start: Int, count: Int, isPenalized: Bool) {
    guard formula == .ftrl else { return }
    let constants = isPenalized ? centre : centre.withoutPenalties
    constants.align(weights, z: buffers[0].pointer + start, n: buffers[1].pointer + start, count: count)
  }
}
