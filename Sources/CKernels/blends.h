// Element-wise ways in which layers meet: sums, cross layers, interactions of embeddings, penalties on outputs.

/// y += x.
static void add_rows(int64_t rows, int64_t units, const float *x, int64_t ldx, float *y, int64_t ldy) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH)
      store(y + r * ldy + n, load(y + r * ldy + n) + load(x + r * ldx + n));
}

// One cross layer, y = x₀ ⊙ u + x with u = W·x + b. Source: Wang et al. 2021, "DCN V2", equation 1.

static void cross_rows(
  int64_t rows, int64_t units, const float *x0, int64_t ld0, const float *u, const float *x, float *y, int64_t ld,
  int64_t ldx) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH)
      store(y + r * ld + n, fma_(load(x0 + r * ld0 + n), load(u + r * ld + n), load(x + r * ldx + n)));
}

/// du = dy ⊙ x₀ and dx₀ += dy ⊙ u; sums[n] = Σᵣ du[r][n], r ascending.
static void cross_backward(
  int64_t rows, int64_t units, const float *dy, const float *x0, int64_t ld0, const float *u, float *du, float *dx0,
  int64_t ld, float *sums) {
  for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) {
    vf sum = splat(0.0f);
    for (int64_t r = 0; r < rows; r++) {
      vf d = load(dy + r * ld + n);
      vf change = d * load(x0 + r * ld0 + n);
      store(du + r * ld + n, change);
      store(dx0 + r * ld + n, fma_(d, load(u + r * ld + n), load(dx0 + r * ld + n)));
      sum += change;
    }
    store(sums + n, sum);
  }
}

// Pairwise interactions of the embeddings that lie side by side in a row: pooled = ½·((Σ v)² − Σ v²).
// Source: Rendle 2010, "Factorization machines", lemma 3.1; He & Chua 2017, "Neural factorization machines" (pooling).

static void pair_rows(
  int64_t rows, int64_t fields, int64_t width, const float *x, int64_t ldx, float *sum, float *pooled, int64_t ld) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t n = 0; n < panels_of(width) * ck_lanes; n += CK_WIDTH) {
      vf total = splat(0.0f), squares = splat(0.0f);
      for (int64_t f = 0; f < fields; f++) {
        vf v = keep_live(load(x + r * ldx + f * width + n), n, width);
        total += v;
        squares = fma_(v, v, squares);
      }
      store(sum + r * ld + n, total);
      store(pooled + r * ld + n, splat(0.5f) * fma_(total, total, -squares));
    }
}

/// dx of field f += dpooled ⊙ (Σ v − v).
static void pair_backward(
  int64_t rows, int64_t fields, int64_t width, const float *x, int64_t ldx, const float *sum, const float *dpooled,
  int64_t ld, float *dx, int64_t lddx) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t f = 0; f < fields; f++)
      for (int64_t n = 0; n < width; n += CK_WIDTH) {
        float *target = dx + r * lddx + f * width + n;
        vf others = load(sum + r * ld + n) - load(x + r * ldx + f * width + n);
        store_live(target, fma_(load(dpooled + r * ld + n), others, load_live(target, width - n)), width - n);
      }
}

/// dy += 2·l2·y + l1·sign(y) in rows with a label; so the sum of losses has gained l2·y² + l1·|y| an output.
static void penalize_outputs(
  int64_t rows, int64_t units, const float *y, float *dy, int64_t ld, const float *labels, int64_t label_stride,
  float l1, float l2) {
  const vf zero = splat(0.0f), one = splat(1.0f);
  for (int64_t r = 0; r < rows; r++) {
    if (labels[r * label_stride] != labels[r * label_stride]) continue;
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) {
      vf v = keep_live(load(y + r * ld + n), n, units);
      vf sign = pick(v > zero, one, pick(v < zero, -one, zero));
      store(dy + r * ld + n, fma_(splat(2.0f * l2), v, fma_(splat(l1), sign, load(dy + r * ld + n))));
    }
  }
}
