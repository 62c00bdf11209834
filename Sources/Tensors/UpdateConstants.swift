import CKernels

/// One optimiser step's constants; the gradient used is clamp(g · inverseCount, ± valueLimit) · scale, then penalties.
package struct UpdateConstants: Sendable {
  package var inverseCount: Float = 0
  /// Infinity: no limit.
  package var valueLimit: Float = 0
  package var scale: Float = 0
  /// Adam, AMSGrad: η / (1 − β₁ᵗ); others: η.
  package var rate: Float = 0
  /// SGD: μ; Adam, AMSGrad: 1 − β₁; Lion: β₁; FTRL: 1/α.
  package var first: Float = 0
  /// Adam, AMSGrad, RMSProp, Lion: β₂.
  package var second: Float = 0
  /// Adam, AMSGrad: 1 / √(1 − β₂ᵗ).
  package var inverseRootCorrection: Float = 0
  /// FTRL: β.
  package var epsilon: Float = 0
  package var l1: Float = 0
  package var l2: Float = 0
  /// Decoupled weight decay: w · keep before the change; 1: none. Not for FTRL.
  package var keep: Float = 0

  package init() {}

  /// As the kernels read them.
  var forKernels: ck_update {
    ck_update(
      inverse_count: inverseCount, value_limit: valueLimit, scale: scale, rate: rate, first: first, second: second,
      inverse_root_correction: inverseRootCorrection, epsilon: epsilon, l1: l1, l2: l2, keep: keep)
  }
}
