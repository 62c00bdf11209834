// A strip of 16 inputs of a panel matrix, turned so that it can be read output by output.

#if CK_WIDTH >= 8
typedef float v8 __attribute__((ext_vector_type(8)));
typedef float v8_loose __attribute__((ext_vector_type(8), aligned(4), may_alias));

/// An 8 × 8 block from rows of 16 to rows of 16.
CK_INLINE void transpose8(const float *from, float *to) {
  v8 r[8], a[8], b[8];
  CK_UNROLL for (int i = 0; i < 8; i++) r[i] = *(const v8_loose *)(from + i * ck_lanes);
  CK_UNROLL for (int i = 0; i < 8; i += 2) {
    a[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    a[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  CK_UNROLL for (int i = 0; i < 8; i += 4) {
    b[i] = __builtin_shufflevector(a[i], a[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    b[i + 1] = __builtin_shufflevector(a[i], a[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    b[i + 2] = __builtin_shufflevector(a[i + 1], a[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
    b[i + 3] = __builtin_shufflevector(a[i + 1], a[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
  }
  CK_UNROLL for (int i = 0; i < 4; i++) {
    *(v8_loose *)(to + i * ck_lanes) = __builtin_shufflevector(b[i], b[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    *(v8_loose *)(to + (i + 4) * ck_lanes) = __builtin_shufflevector(b[i], b[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}
#endif

/// strip[n][0…15] = W[k…k+15][n]; inputs beyond the last give zeros.
CK_INLINE void transpose_strip(const float *w, int64_t inputs, int64_t outputs, int64_t k, float *strip) {
  int64_t live = inputs - k < ck_lanes ? inputs - k : ck_lanes;
  for (int64_t n = 0; n < outputs; n += ck_lanes) {
    const float *from = w + (n / ck_lanes * inputs + k) * ck_lanes;
    float *to = strip + n * ck_lanes;
#if CK_WIDTH >= 8
    if (live == ck_lanes) {
      transpose8(from, to);
      transpose8(from + 8, to + 8 * ck_lanes);
      transpose8(from + 8 * ck_lanes, to + 8);
      transpose8(from + 8 * ck_lanes + 8, to + 8 * ck_lanes + 8);
      continue;
    }
#endif
    for (int j = 0; j < ck_lanes; j++)
      for (int i = 0; i < ck_lanes; i++) to[j * ck_lanes + i] = i < live ? from[i * ck_lanes + j] : 0.0f;
  }
}
