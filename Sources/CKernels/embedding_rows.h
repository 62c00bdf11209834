// Optimisers over the touched rows of an embedding table. Rows are short and of any width: whole vectors, then a
// masked one.

CK_INLINE vf load_live(const float *p, int64_t live) {
  if (live >= CK_WIDTH) return load(p);
  vf x = splat(0.0f);
  for (int64_t i = 0; i < live; i++) x[i] = p[i];
  return x;
}

CK_INLINE void store_live(float *p, vf x, int64_t live) {
  if (live >= CK_WIDTH) {
    store(p, x);
    return;
  }
  for (int64_t i = 0; i < live; i++) p[i] = x[i];
}

enum { prefetch_rows = 8 };  // tables are larger than any cache: ask early

/// Runs BODY for each piece of a row: `at` its first element, `live` how many are left, `lane` its place in the tree.
#define CK_ROW(BODY)                                                                                                  \
  for (int64_t at = 0; at < width; at += CK_WIDTH) {                                                                  \
    int64_t live = width - at;                                                                                        \
    int lane = (int)(at / CK_WIDTH % NV);                                                                             \
    BODY                                                                                                              \
  }

static double adam_rows(
  int64_t count, const uint32_t *rows, int64_t width, float *w, float *m, float *v_, const float *g, int64_t stride,
  const ck_update *u) {
  const vf one_less_beta1 = splat(u->first), beta2 = splat(u->second), one_less_beta2 = splat(1.0f) - beta2;
  const vf root = splat(u->inverse_root_correction), epsilon = splat(u->epsilon), rate = splat(u->rate);
  double squares = 0;
  for (int64_t i = 0; i < count; i++) {
    int64_t first = (int64_t)rows[i] * width;
    vf acc[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) acc[v] = splat(0.0f);
    CK_ROW({
      vf x = used_gradient(load_live(g + i * stride + at, live), u);
      vf mean = load_live(m + first + at, live);
      mean = fma_(x - mean, one_less_beta1, mean);
      vf square = fma_(x * x, one_less_beta2, load_live(v_ + first + at, live) * beta2);
      vf change = rate * mean / fma_(__builtin_elementwise_sqrt(square), root, epsilon);
      change = keep_live(change, at, width);
      store_live(m + first + at, mean, live);
      store_live(v_ + first + at, square, live);
      store_live(w + first + at, load_live(w + first + at, live) - change, live);
      acc[lane] = fma_(change, change, acc[lane]);
    })
    squares += (double)tree(acc);
  }
  return squares;
}

static double sgd_rows(
  int64_t count, const uint32_t *rows, int64_t width, float *w, float *m, const float *g, int64_t stride,
  const ck_update *u) {
  const vf momentum = splat(u->first), rate = splat(u->rate);
  double squares = 0;
  for (int64_t i = 0; i < count; i++) {
    int64_t first = (int64_t)rows[i] * width;
    vf acc[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) acc[v] = splat(0.0f);
    CK_ROW({
      vf x = used_gradient(load_live(g + i * stride + at, live), u);
      vf velocity = fma_(load_live(m + first + at, live), momentum, x);
      vf change = keep_live(rate * velocity, at, width);
      store_live(m + first + at, velocity, live);
      store_live(w + first + at, load_live(w + first + at, live) - change, live);
      acc[lane] = fma_(change, change, acc[lane]);
    })
    squares += (double)tree(acc);
  }
  return squares;
}

static double adagrad_rows(
  int64_t count, const uint32_t *rows, int64_t width, float *w, float *s, const float *g, int64_t stride,
  const ck_update *u) {
  const float inverse_width = 1.0f / (float)width;
  double squares = 0;
  for (int64_t i = 0; i < count; i++) {
    if (i + prefetch_rows < count) {
      __builtin_prefetch(w + (int64_t)rows[i + prefetch_rows] * width, 1);
      __builtin_prefetch(s + rows[i + prefetch_rows], 1);
    }
    int64_t first = (int64_t)rows[i] * width;
    vf sum[NV], acc[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) sum[v] = acc[v] = splat(0.0f);
    CK_ROW({
      vf x = used_gradient(load_live(g + i * stride + at, live), u);
      sum[lane] = fma_(x, x, sum[lane]);
    })
    float total = s[rows[i]] + tree(sum) * inverse_width;
    s[rows[i]] = total;
    vf rate = splat(u->rate / (__builtin_elementwise_sqrt(total) + u->epsilon));
    CK_ROW({
      vf x = used_gradient(load_live(g + i * stride + at, live), u);
      vf change = keep_live(rate * x, at, width);
      store_live(w + first + at, load_live(w + first + at, live) - change, live);
      acc[lane] = fma_(change, change, acc[lane]);
    })
    squares += (double)tree(acc);
  }
  return squares;
}
