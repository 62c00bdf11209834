// Activations over a layer's outputs, with the counts that health needs, and their way back.

enum { stat_rows = 64 };  // rows summed in float before they join the double sums

/// The same counts by hand, over finite values only: taken where a block's float sums overflowed or met a NaN.
static void count_carefully(
  int has_negative, int saturates, int64_t rows, const float *y, int64_t ld, int64_t unit, const ck_unit_stats *s) {
  for (int64_t r = 0; r < rows; r++) {
    float value = y[r * ld];
    if (!(value - value == 0.0f)) {
      s->non_finite[unit] += 1;
      // The fast pass took an infinity for a negative or saturated value; a NaN for neither.
      if (has_negative && value < 0) s->negative[unit] -= 1;
      if (saturates && value == value) s->saturated[unit] -= 1;
      continue;
    }
    s->sum[unit] += (double)value;
    s->square[unit] += (double)value * (double)value;
    if (value < s->minimum[unit]) s->minimum[unit] = value;
    if (value > s->maximum[unit]) s->maximum[unit] = value;
  }
}

CK_INLINE void activate_columns(
  const ck_activation kind, const int derive, const int count, int64_t rows, int64_t unit, float *z, float *derivative,
  int64_t ld, const ck_unit_stats *s) {
  const int has_negative = kind != ck_relu && kind != ck_sigmoid;
  const int saturates = kind == ck_tanh || kind == ck_sigmoid;
  const vf low = splat(kind == ck_tanh ? -0.99f : 0.01f), high = splat(0.99f), zero = splat(0.0f);
  vi active = 0, negative = 0, saturated = 0;
  vf sum = zero, square = zero, least = splat(__builtin_inff()), most = splat(-__builtin_inff());
  for (int64_t r = 0; r < rows; r++) {
    vf d, y = activation(kind, load(z + r * ld), derive ? &d : 0);
    if (kind != ck_identity) store(z + r * ld, y);
    if (derive) store(derivative + r * ld, d);
    if (count) {
      active -= y != zero;
      if (has_negative) negative -= y < zero;
      if (saturates) saturated -= (y < low) | (y > high);
      least = lesser(y, least);
      most = greater(y, most);
      sum += y;
      square = fma_(y, y, square);
    }
  }
  if (!count) return;
  for (int i = 0; i < CK_WIDTH; i++) {
    s->active[unit + i] += active[i];
    s->negative[unit + i] += negative[i];
    s->saturated[unit + i] += saturated[i];
    float total = sum[i] + square[i];
    if (!(total - total == 0.0f)) {
      count_carefully(has_negative, saturates, rows, z + i, ld, unit + i, s);
      continue;
    }
    s->sum[unit + i] += (double)sum[i];
    s->square[unit + i] += (double)square[i];
    if (least[i] < s->minimum[unit + i]) s->minimum[unit + i] = least[i];
    if (most[i] > s->maximum[unit + i]) s->maximum[unit + i] = most[i];
  }
}

CK_INLINE void activate_kind(
  const ck_activation kind, const int derive, const int count, int64_t rows, int64_t units, float *z, float *derivative,
  int64_t ld, const ck_unit_stats *s) {
  for (int64_t r = 0; r < rows; r += stat_rows) {
    int64_t block = rows - r < stat_rows ? rows - r : stat_rows;
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH)
      activate_columns(
        kind, derive, count, block, n, z + r * ld + n, derive ? derivative + r * ld + n : 0, ld, s);
  }
}

static void activate(
  ck_activation kind, int64_t rows, int64_t units, float *z, float *derivative, int64_t ld, const ck_unit_stats *stats) {
#define CK_KIND(KIND)                                                                                                 \
  case KIND:                                                                                                          \
    if (derivative && stats) activate_kind(KIND, 1, 1, rows, units, z, derivative, ld, stats);                        \
    else if (derivative) activate_kind(KIND, 1, 0, rows, units, z, derivative, ld, 0);                                \
    else if (stats) activate_kind(KIND, 0, 1, rows, units, z, 0, ld, stats);                                          \
    else if (KIND != ck_identity) activate_kind(KIND, 0, 0, rows, units, z, 0, ld, 0);                                \
    break;
  switch (kind) {
    CK_KIND(ck_relu)
    CK_KIND(ck_leaky_relu)
    CK_KIND(ck_gelu)
    CK_KIND(ck_swish)
    CK_KIND(ck_tanh)
    CK_KIND(ck_sigmoid)
    CK_KIND(ck_identity)
  }
#undef CK_KIND
}

CK_INLINE void backward_kind(
  const ck_activation kind, const int stored, int64_t rows, int64_t units, float *dy, const float *y,
  const float *derivative, int64_t ld, float *sums) {
  const vf zero = splat(0.0f);
  if (rows == 0)
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) store(sums + n, zero);
  for (int64_t r = 0; r < rows; r += stat_rows) {
    int64_t end = rows - r < stat_rows ? rows : r + stat_rows;
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) {
      vf sum = r == 0 ? zero : load(sums + n);
      for (int64_t i = r; i < end; i++) {
        vf g = load(dy + i * ld + n);
        if (stored) g *= load(derivative + i * ld + n);
        else if (kind == ck_relu) g = pick(load(y + i * ld + n) > zero, g, zero);
        else if (kind == ck_leaky_relu) g = pick(load(y + i * ld + n) > zero, g, g * splat(1.0f / ck_leak_inverse));
        if (stored || kind != ck_identity) store(dy + i * ld + n, g);
        sum += g;
      }
      store(sums + n, sum);
    }
  }
}

static void activate_backward(
  ck_activation kind, int64_t rows, int64_t units, float *dy, const float *y, const float *derivative, int64_t ld,
  float *sums) {
  if (derivative) backward_kind(ck_identity, 1, rows, units, dy, y, derivative, ld, sums);
  else if (kind == ck_relu) backward_kind(ck_relu, 0, rows, units, dy, y, 0, ld, sums);
  else if (kind == ck_leaky_relu) backward_kind(ck_leaky_relu, 0, rows, units, dy, y, 0, ld, sums);
  else backward_kind(ck_identity, 0, rows, units, dy, y, 0, ld, sums);
}
