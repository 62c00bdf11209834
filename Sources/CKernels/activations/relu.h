// ReLU: y = max(0, x).
//
// Derivative: 1 for x > 0, else 0 (0 at 0). Range: 0 … ∞. Saturates: below 0 (counted as zeros). Initialise: He.
// Accuracy: exact. Source: Nair & Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".

CK_FORMULA vf relu_of(vf x, vf *d) {
  const vf zero = splat(0.0f);
  if (d) *d = pick(x > zero, splat(1.0f), zero);
  return greater(zero, x) + zero;  // the sum flushes a subnormal, which a maximum may or may not
}
