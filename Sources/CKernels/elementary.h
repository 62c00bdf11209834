// exp, log and the activations' formulas on vectors. Every function is branch-free and gives no NaN for a finite input.

/// exp(x) for x ≤ 0; 0 below −87.33654 (FLT_MIN). Error ≤ 1 ULP.
///
/// x = n·ln 2 + r with ln 2 in two parts (Cody & Waite), a polynomial of degree 7 in r, |r| ≤ ln 2 / 2.
CK_INLINE vf exp_nonpositive(vf x) {
  const vf magic = splat(12582912.0f);  // 1.5·2²³: adding it rounds to a whole number and leaves that in the low bits
  vf t = fma_(x, splat(1.44269504088896341f), magic);
  vf n = t - magic;
  vf r = fma_(n, splat(-0.693359375f), x);
  r = fma_(n, splat(2.12194440e-4f), r);
  vf p = splat(1.9875691500e-4f);
  p = fma_(p, r, splat(1.3981999507e-3f));
  p = fma_(p, r, splat(8.3334519073e-3f));
  p = fma_(p, r, splat(4.1665795894e-2f));
  p = fma_(p, r, splat(1.6666665459e-1f));
  p = fma_(p, r, splat(5.0000001201e-1f));
  vf y = fma_(p, r * r, r) + splat(1.0f);
  vf scale = floats((bits(t) + (vi)127) << (vi)23);
  return pick(x < splat(-87.33654f), splat(0.0f), y * scale);
}

/// log(1 + x) for 0 ≤ x ≤ 1, as 2·artanh(x / (2 + x)). Error ≤ 3 ULP.
CK_INLINE vf log1p_unit(vf x) {
  vf w = x / (splat(2.0f) + x);
  vf s = w * w;
  vf p = splat(1.0f / 15.0f);
  p = fma_(p, s, splat(1.0f / 13.0f));
  p = fma_(p, s, splat(1.0f / 11.0f));
  p = fma_(p, s, splat(1.0f / 9.0f));
  p = fma_(p, s, splat(1.0f / 7.0f));
  p = fma_(p, s, splat(1.0f / 5.0f));
  p = fma_(p, s, splat(1.0f / 3.0f));
  vf d = w + w;
  return fma_(d * s, p, d);
}

/// The parts of a logistic function of x: σ(x), 1 − σ(x), and σ·(1 − σ), each without cancellation.
typedef struct logistic {
  vf value, complement, slope;
} logistic;

CK_INLINE logistic logistic_of(vf x) {
  vf e = exp_nonpositive(-magnitude(x));
  vf r = splat(1.0f) / (splat(1.0f) + e);
  vf er = e * r;
  vi positive = x > splat(0.0f);
  return (logistic){pick(positive, r, er), pick(positive, er, r), fma_(-er, er, er)};
}

enum { ck_leak_inverse = 100 };  // leaky relu: x / 100 below zero

/// y = f(x) and, where asked, *d = f′(x).
CK_INLINE vf activation(ck_activation kind, vf x, vf *d) {
  const vf zero = splat(0.0f), one = splat(1.0f);
  switch (kind) {
    case ck_relu:
      if (d) *d = pick(x > zero, one, zero);
      return greater(zero, x);  // a NaN stays one
    case ck_leaky_relu: {
      const vf leak = splat(1.0f / ck_leak_inverse);
      if (d) *d = pick(x > zero, one, leak);
      return pick(x > zero, x, x * leak);
    }
    case ck_gelu: {
      // x·σ(2u) with 2u = x·(c₁ + c₂·x²): the tanh form without its cancellation. Beyond ±12 σ is 0 or 1 to the last bit.
      const vf c1 = splat(1.5957691216057308f), c2 = splat(0.07135481282553f);
      vf bounded = greater(splat(-12.0f), lesser(splat(12.0f), x));
      vf s = bounded * bounded;
      logistic l = logistic_of(bounded * fma_(c2, s, c1));
      if (d) *d = fma_(bounded * l.slope, fma_(splat(3.0f) * c2, s, c1), l.value);
      return x * l.value;
    }
    case ck_swish: {
      logistic l = logistic_of(x);
      vf y = x * l.value;
      if (d) *d = fma_(y, l.complement, l.value);
      return y;
    }
    case ck_tanh: {
      vf e = exp_nonpositive(magnitude(x) * splat(-2.0f));
      vf r = one / (one + e);
      vf er = e * r;
      if (d) *d = splat(4.0f) * fma_(-er, er, er);
      vf far = (one - e) * r;
      vf s = x * x;
      vf p = splat(-5.70498872745e-3f);
      p = fma_(p, s, splat(2.06390887954e-2f));
      p = fma_(p, s, splat(-5.37397155531e-2f));
      p = fma_(p, s, splat(1.33314422036e-1f));
      p = fma_(p, s, splat(-3.33332819422e-1f));
      vf near = fma_(p * s, x, x);
      vf signed_far = floats(bits(far) | (bits(x) & (vi)(int32_t)0x80000000));
      return pick(magnitude(x) < splat(0.625f), near, signed_far);
    }
    case ck_sigmoid: {
      logistic l = logistic_of(x);
      if (d) *d = l.slope;
      return l.value;
    }
    case ck_identity:
      if (d) *d = one;
      return x;
  }
  return x;
}
