// A deep member of the recipe: Σ weight · row → ReLU → ReLU → outputs, one record at a time.
//
// Rows have Adagrad with one sum a row, of the mean square of its gradient (Duchi, Hazan & Singer 2011), dense layers
// Adam (Kingma & Ba 2015, algorithm 1). A record costs what its inputs cost, however large the table is.

enum { deep_vectors = ck_recipe_first / CK_WIDTH, deep_seconds = ck_recipe_second / CK_WIDTH, deep_ahead = 8 };

/// out[k] = b[k] + Σ h2·W3, h2 = relu(b2 + W2·h1), h1 = relu(Σ weight · row). Rows that are ck_none are left out.
static void deep_forward(
  const ck_deep *m, int64_t n, const uint32_t *rows, const float *weights, float *values, float *out) {
  float *z = values, *h1 = z + ck_recipe_first, *h2 = h1 + ck_recipe_first;
  const float *w2 = m->dense, *b2 = w2 + ck_recipe_first * ck_recipe_second, *w3 = b2 + ck_recipe_second,
              *b3 = w3 + m->outputs * ck_recipe_second;
  vf sum[deep_vectors];
  CK_UNROLL for (int v = 0; v < deep_vectors; v++) sum[v] = splat(0.0f);
  for (int64_t i = 0; i < n; i++) {
    if (i + deep_ahead < n && rows[i + deep_ahead] != ck_none) {
      const char *next = (const char *)(m->rows + (int64_t)rows[i + deep_ahead] * ck_recipe_first);
      CK_UNROLL for (int line = 0; line < 4; line++) __builtin_prefetch(next + line * 64);
    }
    if (rows[i] == ck_none) continue;
    const float *row = m->rows + (int64_t)rows[i] * ck_recipe_first;
    vf weight = splat(weights[i]);
    CK_UNROLL for (int v = 0; v < deep_vectors; v++) sum[v] = fma_(weight, load(row + v * CK_WIDTH), sum[v]);
  }
  CK_UNROLL for (int v = 0; v < deep_vectors; v++) {
    store(z + v * CK_WIDTH, sum[v]);
    store(h1 + v * CK_WIDTH, greater(sum[v], splat(0.0f)));
  }
  for (int o = 0; o < ck_recipe_second; o++) {
    vf lanes[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) lanes[v] = splat(0.0f);
    for (int at = 0; at < ck_recipe_first; at += ck_lanes)
      CK_UNROLL for (int v = 0; v < NV; v++)
        lanes[v] =
          fma_(load(h1 + at + v * CK_WIDTH), load(w2 + o * ck_recipe_first + at + v * CK_WIDTH), lanes[v]);
    float value = tree(lanes) + b2[o];
    h2[o] = value > 0 ? value : 0;
  }
  for (int64_t k = 0; k < m->outputs; k++) {
    vf lanes[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) lanes[v] = splat(0.0f);
    for (int at = 0; at < ck_recipe_second; at += ck_lanes)
      CK_UNROLL for (int v = 0; v < NV; v++)
        lanes[v] =
          fma_(load(h2 + at + v * CK_WIDTH), load(w3 + k * ck_recipe_second + at + v * CK_WIDTH), lanes[v]);
    out[k] = tree(lanes) + b3[k];
  }
}

CK_INLINE void deep_adam(float *w, float *mean, float *square, vf g, vf rate, vf root) {
  vf m = load(mean), s = load(square);
  m = fma_(g - m, splat(0.1f), m);
  s = fma_(g * g - s, splat(0.001f), s);
  store(mean, m);
  store(square, s);
  store(w, load(w) - rate * m / fma_(__builtin_elementwise_sqrt(s), root, splat(1e-8f)));
}

/// One update from the gradient by the outputs, of the record whose `values` forward gave. `scratch`: n floats rounded
/// up to 16.
static void deep_learn(
  const ck_deep *m, int64_t n, const uint32_t *rows, const float *weights, const float *values, const float *gradient,
  const ck_deep_rates *rates, float *scratch) {
  const float *z = values, *h1 = z + ck_recipe_first, *h2 = h1 + ck_recipe_first;
  int64_t b2 = ck_recipe_first * ck_recipe_second, w3 = b2 + ck_recipe_second, b3 = w3 + m->outputs * ck_recipe_second;
  float back2[ck_recipe_second];
  vf back[deep_vectors], second[deep_seconds];
  vf rate = splat(rates->dense), root = splat(rates->root);
  CK_UNROLL for (int v = 0; v < deep_seconds; v++) second[v] = splat(0.0f);
  for (int64_t k = 0; k < m->outputs; k++) {
    vf g = splat(gradient[k]);
    CK_UNROLL for (int v = 0; v < deep_seconds; v++) {
      int64_t at = w3 + k * ck_recipe_second + v * CK_WIDTH;
      second[v] = fma_(g, load(m->dense + at), second[v]);
      deep_adam(m->dense + at, m->mean + at, m->square + at, g * load(h2 + v * CK_WIDTH), rate, root);
    }
  }
  for (int64_t k = 0; k < m->outputs; k += CK_WIDTH)
    deep_adam(
      m->dense + b3 + k, m->mean + b3 + k, m->square + b3 + k, load_live(gradient + k, m->outputs - k), rate, root);
  CK_UNROLL for (int v = 0; v < deep_seconds; v++) {
    second[v] = pick(load(h2 + v * CK_WIDTH) > splat(0.0f), second[v], splat(0.0f));
    store(back2 + v * CK_WIDTH, second[v]);
    int64_t at = b2 + v * CK_WIDTH;
    deep_adam(m->dense + at, m->mean + at, m->square + at, second[v], rate, root);
  }
  CK_UNROLL for (int v = 0; v < deep_vectors; v++) back[v] = splat(0.0f);
  for (int o = 0; o < ck_recipe_second; o++) {
    vf g = splat(back2[o]);
    CK_UNROLL for (int v = 0; v < deep_vectors; v++) {
      int64_t at = o * ck_recipe_first + v * CK_WIDTH;
      back[v] = fma_(g, load(m->dense + at), back[v]);
      deep_adam(m->dense + at, m->mean + at, m->square + at, g * load(h1 + v * CK_WIDTH), rate, root);
    }
  }
  vf lanes[NV];
  CK_UNROLL for (int v = 0; v < NV; v++) lanes[v] = splat(0.0f);
  CK_UNROLL for (int v = 0; v < deep_vectors; v++) {
    back[v] = pick(load(z + v * CK_WIDTH) > splat(0.0f), back[v], splat(0.0f));
    lanes[v % NV] = fma_(back[v], back[v], lanes[v % NV]);
  }
  float mean = tree(lanes) * (1.0f / ck_recipe_first);
  if (!(mean > 0)) return;
  for (int64_t i = 0; i < n; i++) scratch[i] = m->sums[rows[i]] += weights[i] * weights[i] * mean;
  for (int64_t i = 0; i < n; i += CK_WIDTH) {
    vf sums = load_live(scratch + i, n - i), w = load_live(weights + i, n - i);
    store(scratch + i, splat(-rates->row) * w / __builtin_elementwise_sqrt(sums + splat(0.01f)));
  }
  for (int64_t i = 0; i < n; i++) {
    float *row = m->rows + (int64_t)rows[i] * ck_recipe_first;
    vf change = splat(scratch[i]);
    CK_UNROLL for (int v = 0; v < deep_vectors; v++)
      store(row + v * CK_WIDTH, fma_(change, back[v], load(row + v * CK_WIDTH)));
  }
}
