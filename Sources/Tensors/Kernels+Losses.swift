import CKernels

/// A loss as the kernels read it: kind, constants, targets by class. One thread at a time.
package final class LossFormula {
  package enum Kind: Sendable, Hashable {
    case crossEntropy
    case focal(gamma: Float)
    case squared
    case huber(delta: Float)
    case quantile(level: Float)
    case poisson
  }

  var constants: ck_loss
  private let hit, rest: AlignedBuffer<Float>

  /// - Parameters:
  ///   - classes: 2 for binary cross-entropy and focal loss; ignored by losses of values.
  ///   - weights: One a class; empty: all 1.
  ///   - smoothing: ε in 0 ..< 1; cross-entropy only.
  package init(_ kind: Kind, classes: Int = 2, weights: [Float] = [], smoothing: Float = 0) {
    precondition(weights.isEmpty || weights.count == classes, "\(weights.count) weights for \(classes) classes")
    hit = AlignedBuffer(count: paddedToLanes(classes))
    rest = AlignedBuffer(count: paddedToLanes(classes))
    for place in 0..<classes {
      let weight = weights.isEmpty ? 1 : weights[place]
      hit[place] = weight * (1 - smoothing)
      rest[place] = weight * smoothing / Float(classes)
    }
    constants = ck_loss()
    constants.hit = UnsafePointer(hit.pointer)
    constants.rest = UnsafePointer(rest.pointer)
    constants.rest_sum = rest.buffer.reduce(0, +)
    switch kind {
    case .crossEntropy: constants.kind = ck_cross_entropy
    case .focal(let gamma):
      constants.kind = ck_focal
      constants.focus = gamma
    case .squared: constants.kind = ck_squared
    case .huber(let delta):
      constants.kind = ck_huber
      constants.bound = delta
    case .quantile(let level):
      constants.kind = ck_quantile
      constants.level = level
    case .poisson: constants.kind = ck_poisson
    }
  }

  /// Huber: δ in the unit that logits and labels have now.
  package var bound: Float {
    get { constants.bound }
    set { constants.bound = newValue }
  }
}

// Formulas, ranges and papers: CKernels/losses. A NaN label gives gradient 0 and loss NaN.
extension Kernels {
  /// A loss of one logit a row; `answers` takes the probability of 1, the value, or Poisson's rate.
  package func logitLoss(
    _ formula: LossFormula, rows: Int, logits: UnsafePointer<Float>, labels: UnsafePointer<Float>?,
    answers: UnsafeMutablePointer<Float>?, gradient: UnsafeMutablePointer<Float>?, loss: UnsafeMutablePointer<Float>?
  ) {
    withUnsafePointer(to: formula.constants) {
      table.pointee.logit_loss($0, Int64(rows), logits, labels, answers, gradient, loss)
    }
  }

  /// Weighed and smoothed cross-entropy, or focal loss, of several classes; the gradient has the logits' stride.
  package func classLoss(
    _ formula: LossFormula, rows: Int, classes: Int, logits: Rows, labels: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>?, loss: UnsafeMutablePointer<Float>?
  ) {
    logits.check(rows, classes)
    withUnsafePointer(to: formula.constants) {
      table.pointee.class_loss(
        $0, Int64(rows), Int64(classes), logits.pointer, Int64(logits.stride), labels, gradient, loss)
    }
  }
}
