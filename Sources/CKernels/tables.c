// Kernels without a level: element-wise, or whole numbers only, so that the compiler's own order cannot matter.
#include "CKernels.h"
#include <string.h>

#if defined(__x86_64__) && defined(__linux__)
#define CK_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define CK_CLONES
#endif

CK_CLONES void ck_standardize(
  int64_t rows, int64_t n, const float *restrict numbers, const double *restrict mean, const double *restrict inverse,
  const float *restrict limit, const float *restrict least, const float *restrict most, float *restrict x,
  int64_t ldx) {
  for (int64_t r = 0; r < rows; r++) {
    const float *from = numbers + r * n;
    float *to = x + r * ldx;
    for (int64_t j = 0; j < n; j++) {
      float value = from[j];
      float z = (float)(((double)value - mean[j]) * inverse[j]);
      z = z > limit[j] ? limit[j] : z < -limit[j] ? -limit[j] : z;
      to[j] = value >= least[j] && value <= most[j] ? z : 0.0f;
    }
  }
}

CK_CLONES void ck_moments(
  int64_t rows, int64_t n, const float *restrict numbers, const double *restrict shift, const float *restrict least,
  const float *restrict most, double *restrict count, double *restrict sum, double *restrict square,
  double *restrict outside) {
  for (int64_t j = 0; j < n; j++) count[j] = sum[j] = square[j] = outside[j] = 0;
  // Neither inside nor outside where the value is a NaN.
  for (int64_t r = 0; r < rows; r++) {
    const float *from = numbers + r * n;
    for (int64_t j = 0; j < n; j++) {
      float value = from[j];
      int is_inside = value >= least[j] && value <= most[j];
      double d = is_inside ? (double)value - shift[j] : 0.0;
      count[j] += is_inside ? 1.0 : 0.0;
      sum[j] += d;
      square[j] += d * d;
    }
  }
  int is_complete = 1;
  for (int64_t j = 0; j < n; j++) is_complete &= count[j] == (double)rows;
  if (is_complete) return;
  for (int64_t r = 0; r < rows; r++) {
    const float *from = numbers + r * n;
    for (int64_t j = 0; j < n; j++) outside[j] += from[j] < least[j] || from[j] > most[j] ? 1.0 : 0.0;
  }
}

CK_CLONES void ck_weighted_moments(
  int64_t rows, int64_t n, const float *restrict numbers, const float *restrict weights, const double *restrict shift,
  const float *restrict least, const float *restrict most, double *restrict count, double *restrict sum,
  double *restrict square, double *restrict outside) {
  for (int64_t j = 0; j < n; j++) count[j] = sum[j] = square[j] = outside[j] = 0;
  for (int64_t r = 0; r < rows; r++) {
    const float *from = numbers + r * n;
    double weight = (double)weights[r];
    for (int64_t j = 0; j < n; j++) {
      float value = from[j];
      int is_inside = value >= least[j] && value <= most[j];
      double d = is_inside ? (double)value - shift[j] : 0.0;
      double weighted = weight * d;
      count[j] += is_inside ? weight : 0.0;
      sum[j] += weighted;
      square[j] += weighted * d;
      outside[j] += value < least[j] || value > most[j] ? 1.0 : 0.0;
    }
  }
}

/// Runs INSTANCE(width, arguments…), with a constant where rows are often that wide: they are then copied without a loop.
#define CK_BY_WIDTH(INSTANCE, ...)                                                                                    \
  switch (width) {                                                                                                    \
    case 8: return INSTANCE(8, __VA_ARGS__);                                                                          \
    case 16: return INSTANCE(16, __VA_ARGS__);                                                                        \
    case 32: return INSTANCE(32, __VA_ARGS__);                                                                        \
    case 64: return INSTANCE(64, __VA_ARGS__);                                                                        \
    default: return INSTANCE(width, __VA_ARGS__);                                                                     \
  }
#define CK_INSTANCE static inline __attribute__((always_inline))

CK_INSTANCE void gather(
  const int64_t width, int64_t rows, const float *restrict table, const uint32_t *restrict indices, int64_t stride,
  float *restrict x, int64_t ldx) {
  enum { ahead = 16 };
  for (int64_t r = 0; r < rows; r++) {
    if (r + ahead < rows) __builtin_prefetch(table + (int64_t)indices[(r + ahead) * stride] * width);
    const float *from = table + (int64_t)indices[r * stride] * width;
    float *to = x + r * ldx;
    for (int64_t j = 0; j < width; j++) to[j] = from[j];
  }
}

CK_CLONES void ck_gather(
  int64_t rows, int64_t width, const float *table, const uint32_t *indices, int64_t stride, float *x, int64_t ldx) {
  CK_BY_WIDTH(gather, rows, table, indices, stride, x, ldx)
}

/// Pair p adds row p of `from`, or where `weighted` weights[p] · row records[p].
CK_INSTANCE int64_t sum_rows(
  const int64_t width, const int weighted, int64_t n, const uint32_t *restrict keys, const uint32_t *restrict pairs,
  const uint32_t *restrict records, const float *restrict weights, const float *restrict from, int64_t ldf,
  uint32_t first, uint32_t *restrict rows, float *restrict sums) {
  enum { ahead = 8 };
  int64_t distinct = 0;
  for (int64_t i = 0; i < n; distinct++) {
    uint32_t key = keys[i];
    float *to = sums + distinct * width;
    for (int64_t j = 0; j < width; j++) to[j] = 0.0f;
    do {
      uint32_t pair = pairs[i];
      // Weighted pairs share the rows of few records; others have a row each.
      if (!weighted && i + ahead < n) __builtin_prefetch(from + (int64_t)pairs[i + ahead] * ldf);
      const float *row = from + (int64_t)(weighted ? records[pair] : pair) * ldf;
      const float weight = weighted ? weights[pair] : 1.0f;
      for (int64_t j = 0; j < width; j++) to[j] += weighted ? weight * row[j] : row[j];
      i++;
    } while (i < n && keys[i] == key);
    rows[distinct] = first + key;
  }
  return distinct;
}

CK_CLONES int64_t ck_sum_rows(
  int64_t n, const uint32_t *keys, const uint32_t *places, int64_t width, const float *from, int64_t ldf,
  uint32_t first, uint32_t *rows, float *sums) {
  CK_BY_WIDTH(sum_rows, 0, n, keys, places, 0, 0, from, ldf, first, rows, sums)
}

CK_CLONES int64_t ck_sum_weighted_rows(
  int64_t n, const uint32_t *keys, const uint32_t *pairs, const uint32_t *records, const float *weights, int64_t width,
  const float *from, int64_t ldf, uint32_t first, uint32_t *rows, float *sums) {
  CK_BY_WIDTH(sum_rows, 1, n, keys, pairs, records, weights, from, ldf, first, rows, sums)
}

void ck_gather_bag(
  int64_t rows, int64_t width, const float *table, const uint32_t *indices, int64_t slots, int64_t stride,
  int32_t combiner, float *x, int64_t ldx) {
  for (int64_t r = 0; r < rows; r++) {
    const uint32_t *bag = indices + r * stride;
    float *to = x + r * ldx;
    int64_t count = 0;
    for (int64_t j = 0; j < width; j++) to[j] = 0.0f;
    for (int64_t i = 0; i < slots; i++) {
      if (bag[i] == ck_none) continue;
      const float *from = table + (int64_t)bag[i] * width;
      for (int64_t j = 0; j < width; j++) to[j] += from[j];
      count++;
    }
    if (combiner == 0 || count < 2) continue;
    float scale = ck_bag_scale(combiner, count);
    for (int64_t j = 0; j < width; j++) to[j] *= scale;
  }
}

CK_INSTANCE void gather_weighted(
  const int64_t width, int64_t rows, const float *restrict table, const int32_t *restrict starts,
  const uint32_t *restrict indices, const float *restrict weights, float *restrict x, int64_t ldx) {
  enum { ahead = 8 };
  int32_t end = starts[rows];
  for (int64_t r = 0; r < rows; r++) {
    float *to = x + r * ldx;
    for (int64_t j = 0; j < width; j++) to[j] = 0.0f;
    for (int32_t i = starts[r]; i < starts[r + 1]; i++) {
      if (i + ahead < end) {
        const float *next = table + (int64_t)indices[i + ahead] * width;
        for (int64_t j = 0; j < width; j += 16) __builtin_prefetch(next + j, 1);
      }
      const float *from = table + (int64_t)indices[i] * width;
      const float weight = weights[i];
      for (int64_t j = 0; j < width; j++) to[j] += weight * from[j];
    }
  }
}

CK_CLONES void ck_gather_weighted(
  int64_t rows, int64_t width, const float *table, const int32_t *starts, const uint32_t *indices,
  const float *weights, float *x, int64_t ldx) {
  CK_BY_WIDTH(gather_weighted, rows, table, starts, indices, weights, x, ldx)
}

float ck_bag_scale(int32_t combiner, int64_t count) {
  if (combiner == 0 || count < 2) return 1.0f;
  return combiner == 1 ? 1.0f / (float)count : 1.0f / __builtin_sqrtf((float)count);
}

enum { short_sort = 64, most_digit_bits = 11 };

void ck_sort_pairs(
  int64_t n, uint32_t *keys, uint32_t *values, uint32_t *key_scratch, uint32_t *value_scratch, int32_t key_bits) {
  if (n <= short_sort) {
    for (int64_t i = 1; i < n; i++) {
      uint32_t key = keys[i], value = values[i];
      int64_t j = i;
      for (; j > 0 && keys[j - 1] > key; j--) {
        keys[j] = keys[j - 1];
        values[j] = values[j - 1];
      }
      keys[j] = key;
      values[j] = value;
    }
    return;
  }
  uint32_t *k = keys, *v = values, *k2 = key_scratch, *v2 = value_scratch;
  // As few passes as can be, of digits as short as can be.
  int32_t passes = (key_bits + most_digit_bits - 1) / most_digit_bits;
  int32_t digit_bits = (key_bits + passes - 1) / passes;
  const uint32_t digits = 1u << digit_bits;
  for (int32_t shift = 0; shift < key_bits; shift += digit_bits) {
    uint32_t starts[1 << most_digit_bits];
    memset(starts, 0, digits * sizeof *starts);
    for (int64_t i = 0; i < n; i++) starts[(k[i] >> shift) & (digits - 1)]++;
    uint32_t sum = 0;
    for (uint32_t d = 0; d < digits; d++) {
      uint32_t here = starts[d];
      starts[d] = sum;
      sum += here;
    }
    for (int64_t i = 0; i < n; i++) {
      uint32_t place = starts[(k[i] >> shift) & (digits - 1)]++;
      k2[place] = k[i];
      v2[place] = v[i];
    }
    uint32_t *t = k;
    k = k2;
    k2 = t;
    t = v;
    v = v2;
    v2 = t;
  }
  if (k != keys) {
    memcpy(keys, k, (size_t)n * sizeof *keys);
    memcpy(values, v, (size_t)n * sizeof *values);
  }
}
