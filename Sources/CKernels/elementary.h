// Exponential, logarithm and their kin on vectors: what the activations and losses are made of. Every function is
// branch-free and gives no NaN for a finite input; a NaN goes through.

/// e^x = scale · (1 + fraction), scale a power of two, |fraction| < 0.42.
typedef struct power {
  vf fraction, scale;
} power;

/// The least x that `power_of` takes with a lift: its scale, and so its power, is 0.
#define CK_POWER_FLOOR(LIFT) ((float)(-0.69314718055994531 * (127 + (LIFT))))
enum { power_ceiling = 88 };

/// e^r − 1 = r + r²·p(r) for |r| ≤ ln 2 / 2: p of degree 5, relative error below 4.5e-10 before rounding.
CK_INLINE vf exp_fraction(vf r) {
  vf s = r * r;
  vf low = fma_(splat(1.6666665673e-1f), r, splat(0.5f));
  vf middle = fma_(splat(8.3335433155e-3f), r, splat(4.1666492820e-2f));
  vf high = fma_(splat(1.9764331228e-4f), r, splat(1.3932364527e-3f));
  return fma_(fma_(fma_(high, s, middle), s, low), s, r);
}

/// e^(x + tail)·2^lift for CK_POWER_FLOOR(lift) ≤ x ≤ 88, |tail| below 1e-4. A lift keeps what comes before the last
/// factor out of the subnormal numbers.
///
/// x = n·ln 2 + r with ln 2 in two parts.
///
/// - Source: Cody & Waite 1980, "Software manual for the elementary functions", chapter 6.
CK_INLINE power power_with_tail(vf x, vf tail, const int lift) {
  const vf magic = splat(12582912.0f);  // 1.5·2²³: adding it rounds to a whole number and leaves that in the low bits
  vf t = fma_(x, splat(1.44269504088896341f), magic);
  vf n = t - magic;
  vf r = fma_(n, splat(-0.693359375f), x);
  r = r + fma_(n, splat(2.12194440e-4f), tail);
  return (power){exp_fraction(r), floats((bits(t) + (vi)(127 + lift)) << (vi)23)};
}

CK_INLINE power power_of(vf x, const int lift) {
  const vf magic = splat(12582912.0f);
  vf t = fma_(x, splat(1.44269504088896341f), magic);
  vf n = t - magic;
  vf r = fma_(n, splat(-0.693359375f), x);
  r = fma_(n, splat(2.12194440e-4f), r);
  return (power){exp_fraction(r), floats((bits(t) + (vi)(127 + lift)) << (vi)23)};
}

CK_INLINE vf whole(power p) { return fma_(p.scale, p.fraction, p.scale); }

/// exp(x) for x ≤ 0; flushed to 0 below FLT_MIN. Error ≤ 1 ULP; monotone.
CK_INLINE vf exp_nonpositive(vf x) { return whole(power_of(greater(splat(CK_POWER_FLOOR(0)), x), 0)); }

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

/// e^−|v|.
CK_INLINE power power_below(vf v) { return power_of(greater(splat(CK_POWER_FLOOR(0)), -magnitude(v)), 0); }

/// e^−x, flushed to 0 below FLT_MIN and at most e^88. Monotone.
CK_INLINE vf exp_minus(vf x) {
  vf held = greater(splat(CK_POWER_FLOOR(0)), lesser(splat((float)power_ceiling), -x));
  return whole(power_of(held, 0));
}

/// The logistic function σ and 1 − σ, each relatively accurate at either end; where σ is flushed, both are 0.
typedef struct logistic {
  vf value, complement;
} logistic;

/// σ(v) of e^−v.
CK_INLINE logistic logistic_of(vf e) {
  const vf one = splat(1.0f);
  vf value = one / (one + e);
  return (logistic){value, e * value};
}

/// S(t) = e^(t²/2)·Φ(−t) for 0 ≤ t ≤ 14, Φ the normal distribution: Mills' ratio over √(2π). A polynomial in
/// (t − 4) / (t + 4), relative error below 2e-8 before rounding; what the quotient's roundings amount to in t is put
/// right with S′(t) = t·S − 1/√(2π).
///
/// - Source: the mapping of Shepherd & Laframboise 1981, "Chebyshev approximation of (1 + 2x)exp(x²)erfc x in
///   0 ≤ x < ∞"; the polynomial is a minimax fit of our own.
CK_INLINE vf normal_tail_ratio(vf t) {
  vf sum = t + splat(4.0f);
  vf h = splat(1.0f) / sum;
  vf error = fma_(-h, t - (sum - splat(4.0f)), fma_(-h, sum, splat(1.0f)));  // 1 / (t + 4) = h·(1 + error)
  vf q = fma_(splat(-8.0f), h, splat(1.0f));
  vf p = splat(-1.2963033805e-4f);
  p = fma_(p, q, splat(1.8441030988e-4f));
  p = fma_(p, q, splat(1.5717841452e-3f));
  p = fma_(p, q, splat(-3.5148619208e-3f));
  p = fma_(p, q, splat(-7.5266645290e-3f));
  p = fma_(p, q, splat(6.0404241085e-2f));
  p = fma_(p, q, splat(-1.8652312458e-1f));
  p = fma_(p, q, splat(3.8713681698e-1f));
  p = fma_(p, q, splat(-6.0789662600e-1f));
  p = fma_(p, q, splat(7.5528514385e-1f));
  vf slope = fma_(t, p * h, splat(-0.39894228040143268f));
  return fma_(p, h, -(sum * error) * slope);
}

/// log(x) for FLT_MIN ≤ x < ∞: the exponent, and 2·artanh of the rest. Error ≤ 2 ULP away from 1.
CK_INLINE vf log_positive(vf x) {
  vi raw = bits(x);
  vi exponent = (raw - (vi)0x3f3504f3) >> (vi)23;  // leaves a mantissa in [√½, √2)
  vf f = floats(raw - (exponent << (vi)23)) - splat(1.0f);
  vf w = f / (splat(2.0f) + f);
  vf s = w * w;
  vf p = splat(1.0f / 11.0f);
  p = fma_(p, s, splat(1.0f / 9.0f));
  p = fma_(p, s, splat(1.0f / 7.0f));
  p = fma_(p, s, splat(1.0f / 5.0f));
  p = fma_(p, s, splat(1.0f / 3.0f));
  vf d = w + w;
  vf rest = fma_(d * s, p, d);
  return fma_(__builtin_convertvector(exponent, vf), splat(0.693147182464599609375f), rest);
}
