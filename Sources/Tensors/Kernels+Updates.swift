import CKernels

/// The kernels' optimisers; Nesterov's momentum counts as one.
package enum UpdateFormula: UInt32, Sendable, CaseIterable {
  case sgd = 0
  case nesterov = 1
  case adagrad = 2
  case rmsprop = 3
  case adam = 4
  case amsgrad = 5
  case ftrl = 6
  case lion = 7

  fileprivate var kind: ck_optimizer { ck_optimizer(rawValue: rawValue) }
}

/// What an optimiser keeps, up to three buffers that lie like the parameters.
package struct UpdateStates {
  package var buffers: (UnsafeMutablePointer<Float>?, UnsafeMutablePointer<Float>?, UnsafeMutablePointer<Float>?)

  package init(
    _ first: UnsafeMutablePointer<Float>?, _ second: UnsafeMutablePointer<Float>? = nil,
    _ third: UnsafeMutablePointer<Float>? = nil
  ) {
    buffers = (first, second, third)
  }

  /// As the array of three pointers that the kernels read.
  fileprivate func withPointers<Result>(
    _ body: (UnsafePointer<UnsafeMutablePointer<Float>?>) -> Result
  ) -> Result {
    withUnsafeBytes(of: buffers) { raw in
      guard let base = raw.baseAddress else { preconditionFailure("three pointers have an address") }
      return body(base.assumingMemoryBound(to: UnsafeMutablePointer<Float>?.self))
    }
  }
}

extension Kernels {
  /// Σ clamp(g · inverseCount, ± limit)²; not finite where a value is not. `count` is a multiple of 16.
  package func squaredNorm(count: Int, _ g: UnsafePointer<Float>, inverseCount: Float, limit: Float) -> Double {
    table.pointee.squared_norm(Int64(count), g, inverseCount, limit)
  }

  /// One step of `count` parameters, a multiple of 16; Σ (change)².
  package func update(
    _ formula: UpdateFormula, count: Int, _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>,
    _ states: UpdateStates, _ constants: UpdateConstants
  ) -> Double {
    var constants = constants.forKernels
    return states.withPointers { table.pointee.update(formula.kind, Int64(count), w, g, $0, &constants) }
  }

  /// One step of the given rows of a table; gradient i lies at `gradient` + i · `stride`. Adagrad keeps one sum a row.
  package func updateRows(
    _ formula: UpdateFormula, count: Int, _ rows: UnsafePointer<UInt32>, width: Int, _ w: UnsafeMutablePointer<Float>,
    _ states: UpdateStates, gradient: UnsafePointer<Float>, stride: Int, _ constants: UpdateConstants
  ) -> Double {
    var constants = constants.forKernels
    return states.withPointers {
      table.pointee.update_rows(
        formula.kind, Int64(count), rows, Int64(width), w, $0, gradient, Int64(stride), &constants)
    }
  }

  /// Adaptive clipping of the units of a panel matrix [inputs × outputs]: `g` becomes its mean, each unit's norm at most
  /// `ratio` · max(‖w‖, epsilon).
  ///
  /// - Returns: How many units were over their limit.
  package func clipUnits(
    inputs: Int, outputs: Int, weights: UnsafePointer<Float>, _ g: UnsafeMutablePointer<Float>, inverseCount: Float,
    valueLimit: Float, ratio: Float, epsilon: Float
  ) -> Int {
    Int(
      table.pointee.clip_units(
        Int64(inputs), Int64(outputs), weights, g, inverseCount, valueLimit, ratio, epsilon))
  }
}
