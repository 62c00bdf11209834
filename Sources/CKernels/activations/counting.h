// What health counts of a layer's outputs, and the clipping of outputs.

enum { stat_rows = 64 };  // rows summed in float before they join the double sums

/// Outputs below `low` or above `high` are saturated.
typedef struct saturation {
  float low, high;
} saturation;

static const saturation never_saturated = {-__builtin_inff(), __builtin_inff()};

CK_INLINE int saturates(saturation s) { return s.high < __builtin_inff(); }

/// The running counts of one vector of columns over a block of rows.
typedef struct column_counts {
  vi active, negative, saturated;
  vf sum, square, least, most;
} column_counts;

CK_INLINE column_counts no_counts(void) {
  const vf zero = splat(0.0f);
  return (column_counts){0, 0, 0, zero, zero, splat(__builtin_inff()), splat(-__builtin_inff())};
}

CK_INLINE void count_vector(column_counts *c, vf y, const int has_negative, saturation limits) {
  const vf zero = splat(0.0f);
  c->active -= y != zero;
  if (has_negative) c->negative -= y < zero;
  if (saturates(limits)) c->saturated -= (y < splat(limits.low)) | (y > splat(limits.high));
  c->least = lesser(y, c->least);
  c->most = greater(y, c->most);
  c->sum += y;
  c->square = fma_(y, y, c->square);
}

/// The same counts by hand, over finite values only: taken where a block's float sums overflowed or met a NaN.
static void count_carefully(
  int has_negative, saturation limits, int64_t rows, const float *y, int64_t ld, int64_t unit,
  const ck_unit_stats *s) {
  for (int64_t r = 0; r < rows; r++) {
    float value = y[r * ld];
    if (!(value - value == 0.0f)) {
      s->non_finite[unit] += 1;
      // The fast pass took an infinity for a negative or saturated value; a NaN for neither.
      if (has_negative && value < 0) s->negative[unit] -= 1;
      if (value < limits.low || value > limits.high) s->saturated[unit] -= 1;
      continue;
    }
    s->sum[unit] += (double)value;
    s->square[unit] += (double)value * (double)value;
    if (value < s->minimum[unit]) s->minimum[unit] = value;
    if (value > s->maximum[unit]) s->maximum[unit] = value;
  }
}

typedef int64_t vl_loose __attribute__((ext_vector_type(CK_WIDTH), aligned(8), may_alias));
typedef double vd_loose __attribute__((ext_vector_type(CK_WIDTH), aligned(8), may_alias));

CK_INLINE void add_counts(int64_t *to, vi counts) { *(vl_loose *)to += __builtin_convertvector(counts, vl); }
CK_INLINE void add_sums(double *to, vf sums) { *(vd_loose *)to += __builtin_convertvector(sums, vd); }

/// Joins a block's counts to the totals; `y` is where the block's first row and column lie.
CK_INLINE void join_counts(
  const column_counts *c, const int has_negative, saturation limits, int64_t rows, int64_t unit, const float *y,
  int64_t ld, const ck_unit_stats *s) {
  add_counts(s->active + unit, c->active);
  if (has_negative) add_counts(s->negative + unit, c->negative);
  if (saturates(limits)) add_counts(s->saturated + unit, c->saturated);
  vf total = c->sum + c->square;
  vi finite = (total - total) == splat(0.0f);
  if (__builtin_reduce_and(finite)) {
    add_sums(s->sum + unit, c->sum);
    add_sums(s->square + unit, c->square);
    store(s->minimum + unit, lesser(c->least, load(s->minimum + unit)));
    store(s->maximum + unit, greater(c->most, load(s->maximum + unit)));
    return;
  }
  for (int i = 0; i < CK_WIDTH; i++) {
    if (!finite[i]) {
      count_carefully(has_negative, limits, rows, y + i, ld, unit + i, s);
      continue;
    }
    s->sum[unit + i] += (double)c->sum[i];
    s->square[unit + i] += (double)c->square[i];
    if (c->least[i] < s->minimum[unit + i]) s->minimum[unit + i] = c->least[i];
    if (c->most[i] > s->maximum[unit + i]) s->maximum[unit + i] = c->most[i];
  }
}

/// Clips outputs to ± limit, their derivatives to 0 where |y| ≥ limit, and counts: what `activate` does not do on the
/// way. `derivative` and `stats` may be NULL. Clipped outputs count as saturated.
static void settle(
  int64_t rows, int64_t units, float *y, float *derivative, int64_t ld, float limit, saturation limits,
  const ck_unit_stats *stats) {
  const vf bound = splat(limit);
  const int clips = limit < __builtin_inff();
  if (clips) {  // |y| ≥ limit is beyond the float below it
    float below = __builtin_bit_cast(float, __builtin_bit_cast(int32_t, limit) - 1);
    if (limits.low < -below || !saturates(limits)) limits.low = -below;
    if (limits.high > below) limits.high = below;
  }
  for (int64_t r = 0; r < rows; r += stat_rows) {
    int64_t block = rows - r < stat_rows ? rows - r : stat_rows;
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) {
      column_counts c = no_counts();
      float *first = y + r * ld + n;
      for (int64_t i = 0; i < block; i++) {
        vf value = load(first + i * ld);
        if (clips) {
          value = greater(-bound, lesser(bound, value)) + splat(0.0f);  // flushes a subnormal on every level
          store(first + i * ld, value);
          if (derivative) {
            float *slope = derivative + (r + i) * ld + n;
            store(slope, pick(magnitude(value) < bound, load(slope), splat(0.0f)));
          }
        }
        if (stats) count_vector(&c, value, 1, limits);
      }
      if (stats) join_counts(&c, 1, limits, block, n, first, ld, stats);
    }
  }
}
