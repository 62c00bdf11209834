// Softplus: y = log(1 + e^x).
//
// Derivative: σ(x). Range: 0 … ∞. Saturates: towards 0 below x ≈ −5. Initialise: He.
// Accuracy: value ≤ 2 ULP, derivative ≤ 4 ULP, flushed below FLT_MIN; monotone.
// Source: Dugas et al. 2001, "Incorporating second-order functional knowledge for better option pricing".

CK_FORMULA vf softplus_of(vf x, vf *d) {
  const vf zero = splat(0.0f), one = splat(1.0f);
  vf e = exp_nonpositive(-magnitude(x));
  if (d) {
    vf r = one / (one + e);
    *d = pick(x > zero, r, e * r);
  }
  // Up to ±1: ln 2 + x/2 + x²·p(x²), the even part of it a polynomial.
  vf s = x * x;
  vf p = splat(1.7064993472e-6f);
  p = fma_(p, s, splat(-2.5950304916e-5f));
  p = fma_(p, s, splat(3.4706189763e-4f));
  p = fma_(p, s, splat(-5.2083111368e-3f));
  p = fma_(p, s, splat(0.125f));
  vf near = fma_(s, p, x * splat(0.5f)) + splat(0.69314718055994531f);
  // Beyond: max(x, 0) + log(1 + e^−|x|), with e^−|x| ≤ e⁻¹ also a polynomial.
  vf q = splat(-3.9031293243e-2f);
  q = fma_(q, e, splat(1.0305119306e-1f));
  q = fma_(q, e, splat(-1.5581539273e-1f));
  q = fma_(q, e, splat(1.9828368723e-1f));
  q = fma_(q, e, splat(-2.4985077977e-1f));
  q = fma_(q, e, splat(3.3332708478e-1f));
  q = fma_(q, e, splat(-4.9999991059e-1f));
  vf far = greater(zero, x) + fma_(q, e * e, e);
  return pick(magnitude(x) < one, near, far);
}
