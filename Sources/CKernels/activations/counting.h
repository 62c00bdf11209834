// What health counts of a layer's outputs, and the clipping of outputs.

enum {
  stat_rows = 64,    // rows summed in float before they join the double sums
  stat_panels = 2,   // panels that are counted side by side: no sum waits for the one before it
};

/// Outputs below `low` or above `high` are saturated.
typedef struct saturation {
  float low, high;
} saturation;

static const saturation never_saturated = {-__builtin_inff(), __builtin_inff()};

CK_INLINE int saturates(saturation s) { return s.high < __builtin_inff(); }

/// What is counted of outputs of one kind.
typedef struct counting {
  /// Some are below zero.
  int has_negative;
  /// None is, and the least is looked for only where there was no zero.
  int begins_at_zero;
  saturation limits;
} counting;

/// The running counts of one vector of columns over a block of rows.
typedef struct column_counts {
  vi active, negative, saturated;
  vf sum, square, least, most;
} column_counts;

CK_INLINE column_counts no_counts(void) {
  const vf zero = splat(0.0f);
  return (column_counts){0, 0, 0, zero, zero, splat(__builtin_inff()), splat(-__builtin_inff())};
}

/// - Parameter active: Where y is not zero.
CK_INLINE void count_vector(column_counts *c, vf y, vi active, const counting how) {
  c->active -= active;
  if (how.has_negative) c->negative -= y < splat(0.0f);
  if (saturates(how.limits)) c->saturated -= (y < splat(how.limits.low)) | (y > splat(how.limits.high));
  if (!how.begins_at_zero) c->least = lesser(y, c->least);
  c->most = greater(y, c->most);
  c->sum += y;
  c->square = fma_(y, y, c->square);
}

/// A block of rows and the columns of one vector in each of `panels` panels.
typedef struct stat_block {
  int64_t rows;
  /// Where its first row and column lie, and the number of that column in the layer.
  float *y;
  int64_t ld, unit;
  int panels;
  /// Of the layer; what lies beyond is not counted.
  int64_t units;
} stat_block;

CK_INLINE stat_block block_at(int64_t row, int64_t unit, int64_t rows, int64_t units, float *y, int64_t ld) {
  const int panels = unit / ck_lanes + 1 < panels_of(units) ? stat_panels : 1;
  return (stat_block){rows - row < stat_rows ? rows - row : stat_rows, y + row * ld + unit, ld, unit, panels, units};
}

/// The first column of the next block beside one, which has `stat_panels` panels but for the last.
CK_INLINE int64_t next_unit(int64_t unit) {
  unit += CK_WIDTH;
  return unit % ck_lanes == 0 ? unit + (stat_panels - 1) * ck_lanes : unit;
}

/// The same counts by hand, over finite values only: taken where a block's float sums overflowed or met a NaN.
static void count_carefully(const counting how, stat_block b, int i, const ck_unit_stats *s) {
  const int64_t lane = (b.unit + i) % ck_lanes;
  for (int p = 0; p < b.panels && b.unit + p * ck_lanes + i < b.units; p++)
    for (int64_t r = 0; r < b.rows; r++) {
      float value = b.y[r * b.ld + p * ck_lanes + i];
      if (!(value - value == 0.0f)) {
        s->non_finite[lane] += 1;
        // The fast pass took an infinity for a negative or saturated value; a NaN for neither.
        if (how.has_negative && value < 0) s->negative[lane] -= 1;
        if (value < how.limits.low || value > how.limits.high) s->saturated[lane] -= 1;
        continue;
      }
      s->sum[lane] += (double)value;
      s->square[lane] += (double)value * (double)value;
      if (value < s->minimum[lane]) s->minimum[lane] = value;
      if (value > s->maximum[lane]) s->maximum[lane] = value;
    }
}

typedef int64_t vl_loose __attribute__((ext_vector_type(CK_WIDTH), aligned(8), may_alias));
typedef double vd_loose __attribute__((ext_vector_type(CK_WIDTH), aligned(8), may_alias));

CK_INLINE void add_counts(int64_t *to, vi counts) { *(vl_loose *)to += __builtin_convertvector(counts, vl); }
CK_INLINE void add_sums(double *to, vf sums) { *(vd_loose *)to += __builtin_convertvector(sums, vd); }

/// The least outputs of a block none of which is below zero: read once more where neither it nor what was before had a zero.
CK_INLINE vf least_from_zero(const column_counts *c, const vi *live, const stat_block b, vf before) {
  vi has_zero = 0;
  CK_UNROLL for (int p = 0; p < b.panels; p++) has_zero |= (c[p].active < (vi)(int32_t)b.rows) & live[p];
  vi is_open = ~has_zero & live[0] & (before > splat(0.0f));
  vf least = pick(has_zero, splat(0.0f), splat(__builtin_inff()));
  if (!__builtin_reduce_or(is_open)) return least;
  for (int64_t r = 0; r < b.rows; r++)
    CK_UNROLL for (int p = 0; p < b.panels; p++) {
      vf y = pick(live[p], load(b.y + r * b.ld + p * ck_lanes), splat(__builtin_inff()));
      least = lesser(y, least);
    }
  return least;
}

/// Joins a block's counts to the totals: of units one by one what was active, all else by lane.
CK_INLINE void join_counts(const column_counts *c, const counting how, const stat_block b, const ck_unit_stats *s) {
  const int64_t lane = b.unit % ck_lanes;
  const vf none = splat(0.0f);
  vi live[stat_panels], negative = 0, saturated = 0;
  vf sum = none, square = none, least = splat(__builtin_inff()), most = -least;
  CK_UNROLL for (int p = 0; p < b.panels; p++) {
    int64_t unit = b.unit + p * ck_lanes;
    live[p] = (vi)-1;
    if (unit + CK_WIDTH > b.units)
      for (int i = 0; i < CK_WIDTH; i++) live[p][i] = unit + i < b.units ? -1 : 0;
    add_counts(s->active + unit, c[p].active & live[p]);
    negative += c[p].negative & live[p];
    saturated += c[p].saturated & live[p];
    sum += pick(live[p], c[p].sum, none);
    square += pick(live[p], c[p].square, none);
    least = lesser(pick(live[p], c[p].least, least), least);
    most = greater(pick(live[p], c[p].most, most), most);
  }
  if (how.begins_at_zero) least = least_from_zero(c, live, b, load(s->minimum + lane));
  if (how.has_negative) add_counts(s->negative + lane, negative);
  if (saturates(how.limits)) add_counts(s->saturated + lane, saturated);
  vf total = sum + square;
  vi finite = (total - total) == none;
  if (__builtin_reduce_and(finite)) {
    add_sums(s->sum + lane, sum);
    add_sums(s->square + lane, square);
    store(s->minimum + lane, lesser(least, load(s->minimum + lane)));
    store(s->maximum + lane, greater(most, load(s->maximum + lane)));
    return;
  }
  for (int i = 0; i < CK_WIDTH; i++) {
    if (!finite[i]) {
      count_carefully(how, b, i, s);
      continue;
    }
    s->sum[lane + i] += (double)sum[i];
    s->square[lane + i] += (double)square[i];
    if (least[i] < s->minimum[lane + i]) s->minimum[lane + i] = least[i];
    if (most[i] > s->maximum[lane + i]) s->maximum[lane + i] = most[i];
  }
}

/// Counts a block of outputs that are final.
CK_INLINE void count_block(const counting how, const stat_block b, const ck_unit_stats *s) {
  column_counts c[stat_panels];
  CK_UNROLL for (int p = 0; p < b.panels; p++) c[p] = no_counts();
  for (int64_t r = 0; r < b.rows; r++)
    CK_UNROLL for (int p = 0; p < b.panels; p++) {
      vf y = load(b.y + r * b.ld + p * ck_lanes);
      count_vector(&c[p], y, y != splat(0.0f), how);
    }
  join_counts(c, how, b, s);
}


/// Clips a block's outputs to ± limit, their derivatives, which may be NULL, to 0 where |y| ≥ limit.
CK_INLINE void clip_block(const stat_block b, float *derivative, float limit) {
  const vf bound = splat(limit), zero = splat(0.0f);
  for (int64_t r = 0; r < b.rows; r++)
    CK_UNROLL for (int p = 0; p < b.panels; p++) {
      int64_t at = r * b.ld + p * ck_lanes;
      vf value = greater(-bound, lesser(bound, load(b.y + at))) + zero;  // flushes a subnormal on every level
      store(b.y + at, value);
      if (derivative) store(derivative + at, pick(magnitude(value) < bound, load(derivative + at), zero));
    }
}

CK_INLINE void settle_block(const counting how, stat_block b, const int panels, float *derivative, float limit,
  const ck_unit_stats *stats) {
  b.panels = panels;
  if (limit < __builtin_inff()) clip_block(b, derivative, limit);
  if (stats) count_block(how, b, stats);
}

/// Clips outputs to ± limit, their derivatives to 0 where |y| ≥ limit, and counts: what `activate` does not do on the
/// way. `derivative` and `stats` may be NULL. Clipped outputs count as saturated.
static void settle(
  int64_t rows, int64_t units, float *y, float *derivative, int64_t ld, float limit, saturation limits,
  const ck_unit_stats *stats) {
  if (limit < __builtin_inff()) {  // |y| ≥ limit is beyond the float below it
    float below = __builtin_bit_cast(float, __builtin_bit_cast(int32_t, limit) - 1);
    if (limits.low < -below || !saturates(limits)) limits.low = -below;
    if (limits.high > below) limits.high = below;
  }
  const counting how = {.has_negative = 1, .limits = limits};
  for (int64_t r = 0; r < rows; r += stat_rows)
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n = next_unit(n)) {
      const stat_block b = block_at(r, n, rows, units, y, ld);
      float *slope = derivative ? derivative + r * ld + n : 0;
      if (b.panels == stat_panels) settle_block(how, b, stat_panels, slope, limit, stats);
      else settle_block(how, b, 1, slope, limit, stats);
    }
}
