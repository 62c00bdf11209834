// Hard swish: y = x · min(max(0, x + 3), 6) / 6.
//
// Derivative: 0 for x ≤ −3, 1 for x ≥ 3, (2x + 3) / 6 between. Range: −0.375 … ∞. Saturates: below −3 (counted as
// zeros). Initialise: He. Accuracy: value ≤ 3 ULP, derivative ≤ 2 ULP.
// Source: Howard et al. 2019, "Searching for MobileNetV3".

CK_FORMULA vf hard_swish_of(vf x, vf *d) {
  const vf zero = splat(0.0f), three = splat(3.0f), sixth = splat(1.0f / 6.0f);
  if (d) {
    vf inside = pick(x > -three, fma_(splat(2.0f), x, three) * sixth, zero);
    *d = pick(x < three, inside, splat(1.0f));
  }
  vf low = greater(-three, x);  // so that −∞ · 0 does not come up
  return low * (lesser(splat(6.0f), low + three) * sixth);
}
