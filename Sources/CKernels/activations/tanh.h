// Hyperbolic tangent: y = (1 − e^−2x) / (1 + e^−2x).
//
// Derivative: 1 − y². Range: −1 … 1. Saturates: |x| ≳ 2.65; |y| > 0.99 is counted. Initialise: Glorot.
// Accuracy: value ≤ 2 ULP, derivative ≤ 4 ULP, flushed below FLT_MIN; monotone.

CK_FORMULA vf tanh_of(vf x, vf *d) {
  const vf one = splat(1.0f);
  vf t = magnitude(x);
  // Four times e^−2|x|, so that the derivative reaches FLT_MIN before it is flushed.
  vf raised = whole(power_of(greater(splat(CK_POWER_FLOOR(2)), t * splat(-2.0f)), 2));
  vf e = raised * splat(0.25f);
  vf r = one / (one + e);
  if (d) *d = fma_(-(raised * r), e * r, raised * r);
  // Both factors grow with |x|, so their product does.
  vf far = (one - e) * r;
  vf s = x * x;
  vf p = splat(-5.5855219252e-3f);
  p = fma_(p, s, splat(2.0533666015e-2f));
  p = fma_(p, s, splat(-5.3708016872e-2f));
  p = fma_(p, s, splat(1.3331072032e-1f));
  p = fma_(p, s, splat(-3.3333268762e-1f));
  vf near = fma_(p * s, x, x);
  vf signed_far = floats(bits(far) | (bits(x) & (vi)(int32_t)0x80000000));
  return pick(t < splat(0.625f), near, signed_far);
}
