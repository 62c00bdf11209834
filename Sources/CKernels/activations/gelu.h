// The *tanh form* of the Gaussian error linear unit: y = x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))).
//
// With v = x·(c₁ + c₂·x²), c₁ = 2·√(2/π), c₂ = 0.044715·c₁, it is x·σ(v): the same without cancellation.
// Derivative: σ(v)·(1 + x·(1 − σ(v))·(c₁ + 3·c₂·x²)). Range: −0.17004 … ∞. Saturates: towards 0 below x ≈ −4.
// Initialise: He. Accuracy: value ≤ 3 ULP or 1.2e-37 (flushed with σ below x = −10); derivative ≤ 4 ULP or 8e-8
// (zero at x = −0.7525).
// Source: Hendrycks & Gimpel 2016, "Gaussian error linear units", the approximation in section 2.

CK_FORMULA vf gelu_of(vf x, vf *d) {
  // c₁ in a part of 20 fractional bits, so that c₁ − w below is exact, and the rest; c₂ likewise.
  const vf c1 = splat(0x1.98845p0f), c1_rest = splat((float)(1.5957691216057308 - 0x1.98845p0));
  const vf c2 = splat(0.07135481282553f);
  const vf c2_rest = splat((float)(0.071354816272600255 - (double)0.07135481282553f));
  // Beyond ±10.02 σ is 0 or 1: it or e^−v is flushed.
  vf low = greater(splat(-10.02f), x);
  vf bounded = lesser(splat(10.02f), low);
  // −v and what its rounding left out: an error of v counts in full in e^−v.
  vf t = -bounded;
  vf s = t * t;
  vf w = fma_(c2, s, c1);
  vf w_rest = fma_(c2, s, c1 - w) + fma_(c2_rest, s, c1_rest);
  w_rest = fma_(c2, fma_(t, t, -s), w_rest);
  vf minus_v = t * w;
  logistic l = logistic_of(whole(power_with_tail(minus_v, fma_(t, w_rest, fma_(t, w, -minus_v)), 0)));
  if (d) {
    vf growth = bounded * fma_(splat(3.0f) * c2, s, c1 + c1_rest);
    *d = l.value * fma_(l.complement, growth, splat(1.0f));
  }
  return low * l.value;
}
