// Optimisers: one pass over parameters, gradient and state, returning the squared size of the change.

CK_INLINE vf used_gradient(vf g, const ck_update *u) {
  vf limit = splat(u->value_limit);
  return greater(-limit, lesser(limit, g * splat(u->inverse_count))) * splat(u->scale);
}

/// Runs BODY over n elements with `at` and an accumulator of squares.
#define CK_PASS(BODY)                                                                                                 \
  double squares = 0;                                                                                                 \
  for (int64_t chunk = 0; chunk < n; chunk += sum_chunk) {                                                            \
    int64_t end = n - chunk < sum_chunk ? n : chunk + sum_chunk;                                                      \
    vf acc[NV];                                                                                                       \
    CK_UNROLL for (int v = 0; v < NV; v++) acc[v] = splat(0.0f);                                                      \
    for (int64_t i = chunk; i < end; i += ck_lanes)                                                                   \
      CK_UNROLL for (int v = 0; v < NV; v++) {                                                                        \
        int64_t at = i + v * CK_WIDTH;                                                                                \
        BODY                                                                                                          \
      }                                                                                                               \
    squares += (double)tree(acc);                                                                                     \
  }                                                                                                                   \
  return squares;

enum { sum_chunk = 4096 };  // elements summed in float lanes before they join the double sum

static double squared_norm_double(int64_t n, const float *g, float inverse_count, float limit) {
  double lanes[ck_lanes] = {0};
  for (int64_t i = 0; i < n; i++) {
    double x = (double)(g[i] * inverse_count);
    x = x > (double)limit ? (double)limit : x < -(double)limit ? -(double)limit : x;
    lanes[i % ck_lanes] += x * x;
  }
  double sum = 0;
  for (int i = 0; i < ck_lanes; i++) sum += lanes[i];
  return sum;
}

static double squared_norm(int64_t n, const float *g, float inverse_count, float limit) {
  double sum = 0;
  vf top = splat(limit);
  vf bad = splat(0.0f);  // stays 0 while all is finite: an infinity must not hide behind the limit
  for (int64_t chunk = 0; chunk < n; chunk += sum_chunk) {
    int64_t end = n - chunk < sum_chunk ? n : chunk + sum_chunk;
    vf acc[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) acc[v] = splat(0.0f);
    for (int64_t i = chunk; i < end; i += ck_lanes)
      CK_UNROLL for (int v = 0; v < NV; v++) {
        vf x = load(g + i + v * CK_WIDTH) * splat(inverse_count);
        bad += x - x;
        x = greater(-top, lesser(top, x));
        acc[v] = fma_(x, x, acc[v]);
      }
    sum += (double)tree(acc);
  }
  for (int i = 0; i < CK_WIDTH; i++)
    if (!(bad[i] == 0.0f)) return __builtin_nan("");
  // Overflow or underflow of the float sums is no property of the gradient: do it again in double.
  if (!(sum < 1e37) || sum < 1e-30) return squared_norm_double(n, g, inverse_count, limit);
  return sum;
}

static double adam(int64_t n, float *w, const float *g, float *m, float *v_, const ck_update *u) {
  const vf one_less_beta1 = splat(u->first), beta2 = splat(u->second), one_less_beta2 = splat(1.0f) - beta2;
  const vf root = splat(u->inverse_root_correction), epsilon = splat(u->epsilon), rate = splat(u->rate);
  CK_PASS({
    vf x = used_gradient(load(g + at), u);
    vf mean = load(m + at);
    mean = fma_(x - mean, one_less_beta1, mean);
    vf square = fma_(x * x, one_less_beta2, load(v_ + at) * beta2);
    vf change = rate * mean / fma_(__builtin_elementwise_sqrt(square), root, epsilon);
    store(m + at, mean);
    store(v_ + at, square);
    store(w + at, load(w + at) - change);
    acc[v] = fma_(change, change, acc[v]);
  })
}

static double sgd(int64_t n, float *w, const float *g, float *m, const ck_update *u) {
  const vf momentum = splat(u->first), rate = splat(u->rate);
  CK_PASS({
    vf velocity = fma_(load(m + at), momentum, used_gradient(load(g + at), u));
    vf change = rate * velocity;
    store(m + at, velocity);
    store(w + at, load(w + at) - change);
    acc[v] = fma_(change, change, acc[v]);
  })
}

static double adagrad(int64_t n, float *w, const float *g, float *s, const ck_update *u) {
  const vf rate = splat(u->rate), epsilon = splat(u->epsilon);
  CK_PASS({
    vf x = used_gradient(load(g + at), u);
    vf sum = fma_(x, x, load(s + at));
    vf change = rate * x / (__builtin_elementwise_sqrt(sum) + epsilon);
    store(s + at, sum);
    store(w + at, load(w + at) - change);
    acc[v] = fma_(change, change, acc[v]);
  })
}
