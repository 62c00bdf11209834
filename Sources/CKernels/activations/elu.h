// Exponential linear unit, α = 1: y = x for x > 0, else e^x − 1.
//
// Derivative: 1 for x > 0, else e^x. Range: −1 … ∞. Saturates: towards −1 below x ≈ −5. Initialise: He.
// Accuracy: value ≤ 2 ULP, derivative ≤ 2 ULP, flushed below FLT_MIN; monotone.
// Source: Clevert, Unterthiner & Hochreiter 2016, "Fast and accurate deep network learning by exponential linear
// units".

/// e^x − 1 and e^x for x ≤ 0; 0 and 1 above.
CK_INLINE vf expm1_nonpositive(vf x, vf *exponential) {
  power p = power_of(greater(splat(CK_POWER_FLOOR(0)), lesser(splat(0.0f), x)), 0);
  *exponential = whole(p);
  return fma_(p.scale, p.fraction, p.scale - splat(1.0f));
}

CK_FORMULA vf elu_of(vf x, vf *d) {
  vf exponential, y = expm1_nonpositive(x, &exponential);
  if (d) *d = exponential;
  return pick(x > splat(0.0f), x, y);
}
