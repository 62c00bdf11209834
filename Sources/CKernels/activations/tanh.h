// Hyperbolic tangent: y = (1 − e^−2x) / (1 + e^−2x).
//
// Derivative: 1 − y². Range: −1 … 1. Saturates: |x| ≳ 2.65; |y| > 0.99 is counted. Initialise: Glorot.
// Accuracy: value ≤ 4 ULP, derivative ≤ 4 ULP or 4.8e-38; monotone.
// Source: LeCun, Bottou, Orr & Müller 1998, "Efficient backprop", section 4.4.

CK_FORMULA vf tanh_of(vf x, vf *d) {
  const vf one = splat(1.0f);
  vf t = magnitude(x);
  power p = power_of(greater(splat(CK_POWER_FLOOR(0)), -(t + t)), 0);
  vf less_one = fma_(p.scale, p.fraction, p.scale - one);  // e^−2|x| − 1, relatively accurate
  vf r = one / (less_one + splat(2.0f));
  if (d) {
    vf lesser_part = whole(p) * r;
    *d = splat(4.0f) * fma_(-lesser_part, lesser_part, lesser_part);
  }
  // Both factors grow with |x|, so their product does.
  vf y = -less_one * r;
  return floats(bits(y) | (bits(x) & (vi)(int32_t)0x80000000));
}
