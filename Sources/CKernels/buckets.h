// Counts of values by sign and power of two: which of 64 buckets a value belongs to, `ActivationSketch` says in `Health`.
//
// A value's bucket is a byte, and bytes wait until there is a block of them. Each bucket that occurs is counted by comparing a
// block's bytes with it, a vector of them at a time: values of a layer lie in a few dozen buckets, and a count in memory for
// each value takes longer.

enum {
  bucket_count = 64,
  bucket_zero = 32,   // of zero and what is near it; the negative ones are before it
  bucket_least = 106,  // the exponent below which a value is near zero
};

CK_INLINE vi bucket_of(vf x) {
  vi exponent = (bits(x) >> 23) & (vi)0xff, sign = bits(x) >> 31;
  vi size = __builtin_elementwise_min(__builtin_elementwise_max(exponent - (vi)bucket_least, (vi)0), (vi)31);
  vi bucket = (vi)bucket_zero + ((size ^ sign) - sign);
  return bucket & (exponent != (vi)0xff);
}

#if CK_WIDTH == 1
static void count_buckets(int64_t rows, int64_t n, const float *x, int64_t ld, ck_bucket_counts *c) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < n; i++) c->counts[bucket_of(load(x + r * ld + i))[0]] += 1;
}
#else
// No more than 32 bytes: of longer vectors a comparison gives a mask that has to be made a vector first.
enum { code_bytes = CK_WIDTH < 8 ? 16 : 32, code_run = 255 * code_bytes };
typedef uint8_t vb __attribute__((ext_vector_type(code_bytes)));
typedef uint8_t vb_loose __attribute__((ext_vector_type(code_bytes), aligned(1), may_alias));

CK_INLINE int64_t sum_of_bytes(vb bytes) {
  uint8_t each[sizeof(vb)];
  *(vb_loose *)each = bytes;
  int64_t sum = 0;
  for (size_t i = 0; i < sizeof each; i++) sum += each[i];
  return sum;
}

/// Whole vectors of codes, no more than 255 of them.
static void count_codes(int64_t n, const uint8_t *codes, int64_t *counts) {
  const vb zero = (vb)(uint8_t)bucket_zero;
  const int64_t step = sizeof(vb);
  // Between zero, which many are, and the others there may be a wide gap: zero is what is left over.
  vb low = (vb)(uint8_t)bucket_count, high = 0;
  for (int64_t i = 0; i < n; i += step) {
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
    for (int64_t i = 0; i < n; i += step) found -= (vb)(*(const vb_loose *)(codes + i) == wanted);
    int64_t count = sum_of_bytes(found);
    counts[bucket] += count;
    others += count;
  }
  counts[bucket_zero] += n - others;
}

// Sign, exponent and a little more are the upper half of a float: two vectors become one of halves.
enum { code_pair = 2 * CK_WIDTH };
typedef uint16_t v_upper __attribute__((ext_vector_type(code_pair)));
typedef int16_t v_upper_signed __attribute__((ext_vector_type(code_pair)));
typedef uint8_t v_code __attribute__((ext_vector_type(CK_WIDTH)));
typedef uint8_t v_code_loose __attribute__((ext_vector_type(CK_WIDTH), aligned(1), may_alias));
typedef uint8_t v_codes __attribute__((ext_vector_type(code_pair)));
typedef uint8_t v_codes_loose __attribute__((ext_vector_type(code_pair), aligned(1), may_alias));

/// The buckets of two vectors, in their order.
CK_INLINE v_codes buckets_of(vf a, vf b) {
  const v_upper first = __builtin_bit_cast(v_upper, a), second = __builtin_bit_cast(v_upper, b);
#if CK_WIDTH == 4
  const v_upper top = __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15);
#elif CK_WIDTH == 8
  const v_upper top =
    __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#else
  const v_upper top = __builtin_shufflevector(
    first, second, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53,
    55, 57, 59, 61, 63);
#endif
  const v_upper exponent = (top >> 7) & (v_upper)(uint16_t)0xff, least = (v_upper)(uint16_t)bucket_least;
  const v_upper above = __builtin_elementwise_max(exponent, least) - least;
  const v_upper size = __builtin_elementwise_min(above, (v_upper)(uint16_t)31);
  const v_upper sign = (v_upper)((v_upper_signed)top >> 15);
  const v_upper bucket = ((size ^ sign) - sign) + (v_upper)(uint16_t)bucket_zero;
  return __builtin_convertvector(bucket & (v_upper)(exponent != (v_upper)(uint16_t)0xff), v_codes);
}

/// A block is full: what is over begins the next one.
static int64_t count_block_of_codes(int64_t filled, ck_bucket_counts *c) {
  for (int64_t i = 0; i < ck_code_block; i += code_run) {
    const int64_t left = ck_code_block - i;
    count_codes(left < code_run ? left : code_run, c->codes + i, c->counts);
  }
  for (int64_t k = ck_code_block; k < filled; k++) c->codes[k - ck_code_block] = c->codes[k];
  return filled - ck_code_block;
}

static void count_buckets(int64_t rows, int64_t n, const float *x, int64_t ld, ck_bucket_counts *c) {
  uint8_t *const codes = c->codes;
  int64_t filled = c->waiting;
  for (int64_t r = 0; r < rows; r++) {
    const float *row = x + r * ld;
    int64_t i = 0;
    while (i < n) {
      const int64_t left = n - i, room = ck_code_block - filled;
      for (int64_t pairs = (left < room ? left : room) / code_pair; pairs > 0; pairs--) {
        *(v_codes_loose *)(codes + filled) = buckets_of(load(row + i), load(row + i + CK_WIDTH));
        i += code_pair;
        filled += code_pair;
      }
      if (i < n && filled < ck_code_block) {
        const int64_t live = n - i < CK_WIDTH ? n - i : CK_WIDTH;
        *(v_code_loose *)(codes + filled) = __builtin_convertvector(bucket_of(load_live(row + i, live)), v_code);
        i += live;
        filled += live;
      }
      if (filled >= ck_code_block) filled = count_block_of_codes(filled, c);
    }
  }
  c->waiting = filled;
}
#endif
