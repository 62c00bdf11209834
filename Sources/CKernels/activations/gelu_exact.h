// The *exact form* of the Gaussian error linear unit: y = x·Φ(x) = x/2 · (1 + erf(x/√2)).
//
// Derivative: Φ(x) + x·φ(x). Range: −0.16997 … ∞. Saturates: towards 0 below x ≈ −4. Initialise: He.
// Accuracy: value ≤ 4 ULP, flushed below FLT_MIN; derivative ≤ 4 ULP or 8e-8 (zero at
// x = −0.7518).
// Source: Hendrycks & Gimpel 2016, "Gaussian error linear units".

CK_FORMULA vf gelu_exact_of(vf x, vf *d) {
  const vf one = splat(1.0f);
  vf low = greater(splat(-14.0f), x);
  vf bounded = lesser(splat(14.0f), low);  // Φ is 0 or 1 from there on
  vf t = magnitude(bounded);
  // −t²/2 and what its rounding left out; e to that, lifted by 2⁸, of which Φ(−t) is a slowly falling share.
  vf half = t * splat(-0.5f);
  vf u = half * t;
  vf tail = fma_(half, t, -u);
  vf e = whole(power_with_tail(greater(splat(CK_POWER_FLOOR(8)), u), tail, 8));
  const vf unlift = splat(0x1p-8f);
  vf share = normal_tail_ratio(t);
  vf above = fma_(share * e, -unlift, one);  // Φ(t)
  vi positive = x > splat(0.0f);
  if (d) {
    vf below = fma_(splat(-0.39894228040143268f), t, share) * e * unlift;  // Φ(−t) − t·φ(t)
    *d = pick(positive, one - below, below);
  }
  return pick(positive, x * above, low * share * e * unlift);
}
