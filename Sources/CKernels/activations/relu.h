// ReLU: y = max(0, x).
//
// Derivative: 1 for x > 0, else 0 (0 at 0). Range: 0 … ∞. Saturates: below 0 (counted as zeros). Initialise: He.
// Accuracy: exact. Source: Nair & Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".

/// Where the output is not zero; a NaN goes through.
CK_INLINE vi relu_is_active(vf x) { return ~(x < splat(__FLT_MIN__)); }

CK_FORMULA vf relu_of(vf x, vf *d) {
  const vf zero = splat(0.0f);
  if (d) *d = pick(x > zero, splat(1.0f), zero);
  return floats(bits(x) & relu_is_active(x));  // a subnormal becomes zero on every level
}
