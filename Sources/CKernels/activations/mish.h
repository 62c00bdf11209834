// Mish: y = x·tanh(softplus(x)).
//
// tanh(log(1 + e^x)) = (e^2x + 2e^x) / (e^2x + 2e^x + 2); for x > 0 both sides are multiplied by e^−2x,
// and both are halved.
// Derivative: y/x + x·4·e^x·(1 + e^x) / (e^2x + 2e^x + 2)². Range: −0.30884 … ∞. Saturates: towards 0 below x ≈ −7.
// Initialise: He. Accuracy: value ≤ 4 ULP or 1.04e-36 (flushed with e^x below x = −87.3); derivative ≤ 4 ULP or 8e-8
// (zero at x = −1.1924).
// Source: Misra 2020, "Mish: a self regularized non-monotonic activation function".

CK_FORMULA vf mish_of(vf x, vf *d) {
  const vf one = splat(1.0f), half = splat(0.5f);
  vf low = greater(splat(-128.0f), x);
  vf bounded = lesser(splat(128.0f), low);
  vi positive = x > splat(0.0f);
  power p = power_below(bounded);
  vf e = whole(p);
  vf k = pick(positive, e + half, fma_(e, half, one));
  vf r = one / fma_(e, pick(positive, e, k), pick(positive, k, one));
  if (d) {
    vf m = bounded * pick(positive, e * e, one) * (one + e);
    *d = pick(positive, r, r * e) * fma_(m, r, k);
  }
  vf y = low * (k * r);
  return pick(positive, y, fma_(y, p.fraction, y) * p.scale);  // y·e with one rounding fewer
}
