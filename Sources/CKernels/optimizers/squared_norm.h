// The squared L2 norm of a gradient after clipping by value; needs `sum_chunk`.

static double squared_norm_double(int64_t n, const float *g, float inverse_count, float limit) {
  const vd top = (vd)(double)limit;
  vd acc[NV];
  CK_UNROLL for (int v = 0; v < NV; v++) acc[v] = (vd)0.0;
  for (int64_t i = 0; i < n; i += ck_lanes)
    CK_UNROLL for (int v = 0; v < NV; v++) {
      vd x = __builtin_convertvector(load(g + i + v * CK_WIDTH) * splat(inverse_count), vd);
      x = x > top ? top : x;
      x = x < -top ? -top : x;
      acc[v] += x * x;
    }
  double sum = 0;
  for (int i = 0; i < ck_lanes; i++) sum += acc[i / CK_WIDTH][i % CK_WIDTH];
  return sum;
}

enum { norm_groups = 4 };  // 16-lane sums under way at once, to hide the latency of an addition

CK_INLINE double squared_norm_of(const int limited, int64_t n, const float *g, float inverse_count, float limit) {
  double sum = 0;
  vf top = splat(limit), bad = splat(0.0f);  // bad stays 0 while all is finite: no infinity may hide behind the limit
  for (int64_t chunk = 0; chunk < n; chunk += sum_chunk) {
    int64_t end = n - chunk < sum_chunk ? n : chunk + sum_chunk;
    vf acc[norm_groups * NV];
    CK_UNROLL for (int v = 0; v < norm_groups * NV; v++) acc[v] = splat(0.0f);
#define CK_NORM(GROUP, AT)                                                                                            \
  CK_UNROLL for (int v = 0; v < NV; v++) {                                                                            \
    vf x = load(g + (AT) + v * CK_WIDTH) * splat(inverse_count);                                                      \
    if (limited) {                                                                                                    \
      bad += x - x;                                                                                                   \
      x = greater(-top, lesser(top, x));                                                                              \
    }                                                                                                                 \
    acc[(GROUP) * NV + v] = fma_(x, x, acc[(GROUP) * NV + v]);                                                        \
  }
    int64_t i = chunk;
    for (; i + norm_groups * ck_lanes <= end; i += norm_groups * ck_lanes) {
      CK_UNROLL for (int group = 0; group < norm_groups; group++) CK_NORM(group, i + group * ck_lanes)
    }
    for (; i < end; i += ck_lanes) CK_NORM(0, i)
#undef CK_NORM
    vf lanes[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) lanes[v] = (acc[v] + acc[NV + v]) + (acc[2 * NV + v] + acc[3 * NV + v]);
    sum += (double)tree(lanes);
  }
  for (int i = 0; i < CK_WIDTH; i++)
    if (!(bad[i] == 0.0f)) return __builtin_nan("");
  // Overflow or underflow of the float sums is no property of the gradient: do it again in double. A record that is
  // known by heart has a gradient so small.
  if (!(sum < 1e37) || sum < 1e-30) return squared_norm_double(n, g, inverse_count, limit);
  return sum;
}

static double squared_norm(int64_t n, const float *g, float inverse_count, float limit) {
  if (limit < __builtin_inff()) return squared_norm_of(1, n, g, inverse_count, limit);
  return squared_norm_of(0, n, g, inverse_count, limit);
}
