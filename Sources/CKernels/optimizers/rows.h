// Optimisers over the touched rows of an embedding table. Rows are short and of any width: whole vectors, then a
// masked one.

enum { prefetch_rows = 16 };  // tables are larger than any cache: ask early

/// Runs BODY for each piece of a row: `at` its first element, `live` how many are left, `lane` its place in the tree.
#define CK_ROW(BODY)                                                                                                  \
  for (int64_t at = 0; at < width; at += CK_WIDTH) {                                                                  \
    int64_t live = width - at;                                                                                        \
    int lane = (int)(at / CK_WIDTH % NV);                                                                             \
    BODY                                                                                                              \
  }

/// The same for rows of one element, as linear weights are: as many rows at once as a vector has lanes.
CK_INLINE double adagrad_single_rows(
  int64_t count, const uint32_t *rows, float *w, float *sums, const float *g, int64_t stride, const ck_update *u) {
  const coefficients c = coefficients_of(u);
  double squares = 0;
  for (int64_t i = 0; i < count; i += CK_WIDTH) {
    int64_t live = count - i < CK_WIDTH ? count - i : CK_WIDTH;
    for (int64_t next = i + CK_WIDTH; next < count && next < i + 2 * CK_WIDTH; next++) {
      __builtin_prefetch(w + rows[next], 1);
      __builtin_prefetch(sums + rows[next], 1);
    }
    vf gradient = splat(0.0f), sum = splat(0.0f), weight = splat(0.0f);
    for (int64_t lane = 0; lane < live; lane++) {
      gradient[lane] = g[(i + lane) * stride];
      sum[lane] = sums[rows[i + lane]];
      weight[lane] = w[rows[i + lane]];
    }
    vf x = used_gradient(gradient, &c);
    sum = sum + x * x;
    vf change = c.rate / (__builtin_elementwise_sqrt(sum) + c.epsilon) * x;
    weight = weight - change;
    vf square = change * change;
    for (int64_t lane = 0; lane < live; lane++) {
      sums[rows[i + lane]] = sum[lane];
      w[rows[i + lane]] = weight[lane];
      squares += (double)square[lane];
    }
  }
  return squares;
}

/// Adagrad with one sum a row, of the mean square of its gradient: a sixteenth of the memory at width 16, and a row
/// that is rarely met keeps a large rate.
CK_INLINE double adagrad_whole_rows(
  const int penalized, int64_t count, const uint32_t *rows, int64_t width, float *w, float *sums, const float *g,
  int64_t stride, const ck_update *u) {
  const float inverse_width = 1.0f / (float)width;
  const coefficients c = coefficients_of(u);
  double squares = 0;
  for (int64_t i = 0; i < count; i++) {
    if (i + prefetch_rows < count) {
      __builtin_prefetch(w + (int64_t)rows[i + prefetch_rows] * width, 1);
      __builtin_prefetch(sums + rows[i + prefetch_rows], 1);
    }
    float *row = w + (int64_t)rows[i] * width;
    vf sum[NV], acc[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) sum[v] = acc[v] = splat(0.0f);
    CK_ROW({
      vf x = used_gradient(load_live(g + i * stride + at, live), &c);
      if (penalized) x = penalized_gradient(x, load_live(row + at, live), &c);
      sum[lane] = fma_(x, x, sum[lane]);
    })
    float total = sums[rows[i]] + tree(sum) * inverse_width;
    sums[rows[i]] = total;
    vf rate = splat(u->rate / (__builtin_elementwise_sqrt(total) + u->epsilon));
    CK_ROW({
      vf x = used_gradient(load_live(g + i * stride + at, live), &c);
      vf weight = load_live(row + at, live);
      if (penalized) x = penalized_gradient(x, weight, &c);
      vf change = keep_live(moved(penalized, &weight, rate * x, &c), at, width);
      store_live(row + at, weight, live);
      acc[lane] = fma_(change, change, acc[lane]);
    })
    squares += (double)tree(acc);
  }
  return squares;
}

/// Widths that are common have an instance of their own, without loops.
CK_INLINE double adagrad_rows_of(
  const int penalized, int64_t count, const uint32_t *rows, int64_t width, float *w, float *sums, const float *g,
  int64_t stride, const ck_update *u) {
#define CK_WHOLE_ROWS(WIDTH) adagrad_whole_rows(penalized, count, rows, WIDTH, w, sums, g, stride, u)
  if (penalized) return CK_WHOLE_ROWS(width);
  switch (width) {
    case 1: return adagrad_single_rows(count, rows, w, sums, g, stride, u);
    case 8: return CK_WHOLE_ROWS(8);
    case 16: return CK_WHOLE_ROWS(16);
    case 32: return CK_WHOLE_ROWS(32);
    case 64: return CK_WHOLE_ROWS(64);
    default: return CK_WHOLE_ROWS(width);
  }
#undef CK_WHOLE_ROWS
}

CK_INLINE double update_rows_of(
  const ck_optimizer kind, const int penalized, int64_t count, const uint32_t *rows, int64_t width, float *w,
  float *const states[3], const float *g, int64_t stride, const ck_update *u) {
  if (kind == ck_adagrad) return adagrad_rows_of(penalized, count, rows, width, w, states[0], g, stride, u);
  const int state_count = states_of(kind);
  float *const s0 = states[0], *const s1 = states[1], *const s2 = states[2];
  const coefficients c = coefficients_of(u);
  double squares = 0;
  for (int64_t i = 0; i < count; i++) {
    if (i + prefetch_rows < count) {
      int64_t ahead = (int64_t)rows[i + prefetch_rows] * width;
      __builtin_prefetch(w + ahead, 1);
      __builtin_prefetch(s0 + ahead, 1);
      if (state_count > 1) __builtin_prefetch(s1 + ahead, 1);
      if (state_count > 2) __builtin_prefetch(s2 + ahead, 1);
    }
    int64_t first = (int64_t)rows[i] * width;
    vf acc[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) acc[v] = splat(0.0f);
    CK_ROW({
      int64_t place = first + at;
      vf weight = load_live(w + place, live);
      vf s[3];
      s[0] = load_live(s0 + place, live);
      if (state_count > 1) s[1] = load_live(s1 + place, live);
      if (state_count > 2) s[2] = load_live(s2 + place, live);
      vf change = step_of(kind, penalized, load_live(g + i * stride + at, live), &weight, s, &c);
      change = keep_live(change, at, width);
      store_live(s0 + place, s[0], live);
      if (state_count > 1) store_live(s1 + place, s[1], live);
      if (state_count > 2) store_live(s2 + place, s[2], live);
      store_live(w + place, weight, live);
      acc[lane] = fma_(change, change, acc[lane]);
    })
    squares += (double)tree(acc);
  }
  return squares;
}

static double update_rows(
  ck_optimizer kind, int64_t count, const uint32_t *rows, int64_t width, float *w, float *const states[3],
  const float *g, int64_t stride, const ck_update *u) {
  CK_DISPATCH(update_rows_of, count, rows, width, w, states, g, stride, u)
}
