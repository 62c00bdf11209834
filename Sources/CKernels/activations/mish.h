// Mish: y = x·tanh(softplus(x)).
//
// tanh(log(1 + e^x)) = (e^2x + 2e^x) / (e^2x + 2e^x + 2); for x > 0 both sides are multiplied by e^−2x.
// Derivative: y/x + x·4·e^x·(1 + e^x) / (e^2x + 2e^x + 2)². Range: −0.30884 … ∞. Saturates: towards 0 below x ≈ −7.
// Initialise: He. Accuracy: value ≤ 4 ULP; derivative ≤ 4 ULP or 1.2e-7 (zero at x = −1.1924); flushed below FLT_MIN.
// Source: Misra 2020, "Mish: a self regularized non-monotonic activation function".

CK_FORMULA vf mish_of(vf x, vf *d) {
  const vf one = splat(1.0f), two = splat(2.0f);
  vf low = greater(splat(-128.0f), x);
  vf bounded = lesser(splat(128.0f), low);
  vi positive = x > splat(0.0f);
  power lifted = lifted_power(bounded);
  factor f = factor_unless(positive, lifted);
  vf e = whole(lifted) * splat(0x1p-16f);
  vf doubled = e + e;
  vf k = pick(positive, doubled + one, e + two);
  vf r = one / fma_(e, pick(positive, doubled, k), pick(positive, k, two));
  if (d) {
    vf m = splat(4.0f) * bounded * pick(positive, e * e, one) * (one + e);
    *d = times(r * fma_(m, r, k), f);
  }
  return times(low * (k * r), f);
}
