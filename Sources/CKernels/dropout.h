// Dropout without a stored mask: what is dropped is a function of a seed, a row's key and the unit, so the way back
// finds it again, and a row loses the same units on whatever rank and in whatever place of a batch it is learned.
//
// Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting", in the inverted
// form (what stays is scaled by 1 / (1 − p)). Mixing: the finalisers of MurmurHash3 (32 bits) and SplitMix64.

typedef uint32_t vu __attribute__((ext_vector_type(CK_WIDTH)));

CK_INLINE uint64_t mix64(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

static void dropout(
  int64_t rows, int64_t units, float *y, int64_t ld, const uint64_t *keys, uint64_t salt, uint32_t threshold,
  float scale) {
  vu lanes;
  for (int i = 0; i < CK_WIDTH; i++) lanes[i] = (uint32_t)i;
  for (int64_t r = 0; r < rows; r++) {
    uint64_t seed = mix64(keys[r] ^ salt);
    const vu low = (vu)(uint32_t)seed, high = (vu)(uint32_t)(seed >> 32);
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) {
      vu h = ((lanes + (vu)(uint32_t)n) * (vu)0x9e3779b1u + low) ^ high;
      h = (h ^ (h >> (vu)16)) * (vu)0x85ebca6bu;
      h = (h ^ (h >> (vu)13)) * (vu)0xc2b2ae35u;
      h ^= h >> (vu)16;
      // Signed, because vectors of every level compare signed numbers cheaply: 31 bits decide.
      vi keeps = __builtin_bit_cast(vi, h >> (vu)1) >= (vi)(int32_t)threshold;
      store(y + r * ld + n, floats(keeps & bits(load(y + r * ld + n) * splat(scale))));
    }
  }
}
