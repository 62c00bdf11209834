// Counts of values by sign and power of two: which of 64 buckets a value belongs to, `ActivationSketch` says in `Health`.
//
// A value's bucket is a byte. Each bucket that occurs is counted by comparing a block's bytes with it, a vector of them at
// a time: values of a layer lie in a few dozen buckets, and a count in memory for each value takes longer.

enum {
  bucket_count = 64,
  bucket_zero = 32,   // of zero and what is near it; the negative ones are before it
  bucket_least = 106,  // the exponent below which a value is near zero
  bucket_block = 3840,  // bytes: whole vectors, no more than 255 of any level
};

CK_INLINE vi bucket_of(vf x) {
  vi exponent = (bits(x) >> 23) & (vi)0xff, sign = bits(x) >> 31;
  vi size = __builtin_elementwise_min(__builtin_elementwise_max(exponent - (vi)bucket_least, (vi)0), (vi)31);
  vi bucket = (vi)bucket_zero + ((size ^ sign) - sign);
  return bucket & (exponent != (vi)0xff);
}

#if CK_WIDTH == 1
static void count_codes(int64_t n, uint8_t *codes, int64_t *buckets) {
  for (int64_t i = 0; i < n; i++) buckets[codes[i]] += 1;
}
#else
// No more than 32 bytes: of longer vectors a comparison gives a mask that has to be made a vector first.
enum { code_bytes = CK_WIDTH < 8 ? 16 : 32 };
typedef uint8_t vb __attribute__((ext_vector_type(code_bytes)));
typedef uint8_t vb_loose __attribute__((ext_vector_type(code_bytes), aligned(1), may_alias));

CK_INLINE int64_t sum_of_bytes(vb bytes) {
  uint8_t each[sizeof(vb)];
  *(vb_loose *)each = bytes;
  int64_t sum = 0;
  for (size_t i = 0; i < sizeof each; i++) sum += each[i];
  return sum;
}

/// `codes` has room for whole vectors.
static void count_codes(int64_t n, uint8_t *codes, int64_t *buckets) {
  const vb zero = (vb)(uint8_t)bucket_zero;
  const int64_t step = sizeof(vb), end = (n + step - 1) / step * step;
  for (int64_t i = n; i < end; i++) codes[i] = bucket_zero;
  // Between zero, which many are, and the others there may be a wide gap: zero is what is left over.
  vb low = (vb)(uint8_t)bucket_count, high = 0;
  for (int64_t i = 0; i < end; i += step) {
    vb c = *(const vb_loose *)(codes + i), is_other = (vb)(c != zero);
    low = __builtin_elementwise_min(low, c | ~is_other);
    high = __builtin_elementwise_max(high, c & is_other);
  }
  const int last = __builtin_reduce_max(high);
  int64_t others = 0;
  for (int bucket = __builtin_reduce_min(low); bucket <= last; bucket++) {
    if (bucket == bucket_zero) continue;
    const vb wanted = (vb)(uint8_t)bucket;
    vb found = 0;
    for (int64_t i = 0; i < end; i += step) found -= (vb)(*(const vb_loose *)(codes + i) == wanted);
    int64_t count = sum_of_bytes(found);
    buckets[bucket] += count;
    others += count;
  }
  buckets[bucket_zero] += n - others;
}
#endif

typedef uint8_t v_code __attribute__((ext_vector_type(CK_WIDTH)));
typedef uint8_t v_code_loose __attribute__((ext_vector_type(CK_WIDTH), aligned(1), may_alias));

static void count_buckets(int64_t rows, int64_t n, const float *x, int64_t ld, int64_t *buckets) {
  uint8_t codes[bucket_block + 64] __attribute__((aligned(64)));
  int64_t filled = 0;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < n; i += CK_WIDTH) {
      int64_t live = n - i < CK_WIDTH ? n - i : CK_WIDTH;
      *(v_code_loose *)(codes + filled) = __builtin_convertvector(bucket_of(load_live(x + r * ld + i, live)), v_code);
      filled += live;
      if (filled < bucket_block) continue;
      // What is over begins the next block.
      const int64_t over = filled - bucket_block;
      uint8_t rest[CK_WIDTH];
      for (int64_t k = 0; k < over; k++) rest[k] = codes[bucket_block + k];
      count_codes(bucket_block, codes, buckets);
      for (int64_t k = 0; k < over; k++) codes[k] = rest[k];
      filled = over;
    }
  count_codes(filled, codes, buckets);
}
