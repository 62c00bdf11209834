// Gradients on their way between ranks: rounded to bfloat16, the upper half of a float, which has a float's range and
// eight bits of precision. What rounding takes from a number is kept, and added to the next (error feedback).
// Source: Seide et al. 2014, "1-bit stochastic gradient descent", section 3; Karimireddy et al. 2019, "Error feedback fixes
// SignSGD", algorithm 2.

typedef uint32_t vu __attribute__((ext_vector_type(CK_WIDTH)));
typedef uint16_t vh __attribute__((ext_vector_type(CK_WIDTH)));
typedef uint16_t vh_loose __attribute__((ext_vector_type(CK_WIDTH), aligned(2), may_alias));

/// To nearest, ties to even: what is dropped counts as much as its upper bit says, and one less where the last kept bit
/// is even. A NaN stays one, made quiet, because its payload may lie in what is dropped.
CK_INLINE vh round_bfloat16(vf x) {
  vu b = __builtin_bit_cast(vu, x);
  vu rounded = b + (vu)0x7fff + ((b >> (vu)16) & (vu)1);
  vu number = __builtin_bit_cast(vu, (vi)(x == x));
  return __builtin_convertvector(((rounded & number) | ((b | (vu)0x400000) & ~number)) >> (vu)16, vh);
}

CK_INLINE vf widen_one(vh q) { return __builtin_bit_cast(vf, __builtin_convertvector(q, vu) << (vu)16); }

CK_INLINE vh load_halves(const uint16_t *p, int64_t live) {
  if (live >= CK_WIDTH) return *(const vh_loose *)p;
  vh q = 0;
  for (int64_t i = 0; i < live; i++) q[i] = p[i];
  return q;
}

CK_INLINE void store_halves(uint16_t *p, vh q, int64_t live) {
  if (live >= CK_WIDTH) {
    *(vh_loose *)p = q;
    return;
  }
  for (int64_t i = 0; i < live; i++) p[i] = q[i];
}

/// Runs `PART(at, live)` vector by vector, the last one perhaps not a full one.
#define CK_ALL_OF(n, PART)                                                                                            \
  int64_t at = 0;                                                                                                     \
  for (; at + CK_WIDTH <= n; at += CK_WIDTH) PART(at, CK_WIDTH);                                                      \
  if (at < n) PART(at, n - at)

CK_INLINE void round_vector(
  const float *x, const float *before, uint16_t *rounded, float *error, const int64_t live) {
  vf whole = load_live(x, live) + load_live(before, live);
  vh q = round_bfloat16(whole);
  vf left = whole - widen_one(q);
  store_halves(rounded, q, live);
  // Of what is no number nothing is kept: it would never go away again.
  store_live(error, pick((vi)(left - left == splat(0.0f)), left, splat(0.0f)), live);
}

static void round_with_error(int64_t n, const float *x, const float *before, uint16_t *rounded, float *error) {
#define CK_PART(i, live) round_vector(x + i, before + i, rounded + i, error + i, live)
  CK_ALL_OF(n, CK_PART);
#undef CK_PART
}

static void widen(int64_t n, const uint16_t *rounded, float *x) {
#define CK_PART(i, live) store_live(x + i, widen_one(load_halves(rounded + i, live)), live)
  CK_ALL_OF(n, CK_PART);
#undef CK_PART
}

static void add_widened(int64_t n, const uint16_t *rounded, float *sum) {
#define CK_PART(i, live) store_live(sum + i, load_live(sum + i, live) + widen_one(load_halves(rounded + i, live)), live)
  CK_ALL_OF(n, CK_PART);
#undef CK_PART
}
