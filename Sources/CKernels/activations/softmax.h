// Softmax over a row: yᵢ = e^(xᵢ − max x) / Σₖ e^(xₖ − max x), and its logarithm.
//
// Derivative: dxᵢ = yᵢ·(dyᵢ − Σₖ dyₖ·yₖ); of the logarithm dxᵢ = dyᵢ − e^yᵢ·Σₖ dyₖ. Range: 0 … 1, and −∞ … 0.
// Saturates: towards one 1 and many 0 (log: 0 and −∞). Initialise: Glorot. Accuracy: relative error ≤ 1e-6 up to 100 units that
// lie within 10 of the maximum (a difference of d is itself rounded by 6e-8·d); of the logarithm within
// 1e-6 · max(1, |y|). Nothing overflows.
// Source: Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs".

typedef struct row_sum {
  float most, total;
} row_sum;

/// The maximum of a row and Σ e^(x − maximum), which is at least 1.
static row_sum exponential_sum(int64_t units, const float *row) {
  float most = row[0];
  for (int64_t k = 1; k < units; k++) most = row[k] > most || row[k] != row[k] ? row[k] : most;
  vf sum[NV];
  CK_UNROLL for (int v = 0; v < NV; v++) sum[v] = splat(0.0f);
  for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += ck_lanes)
    CK_UNROLL for (int v = 0; v < NV; v++) {
      int64_t at = n + v * CK_WIDTH;
      sum[v] += keep_live(exp_nonpositive(load(row + at) - splat(most)), at, units);
    }
  return (row_sum){most, tree(sum)};
}

static void softmax(
  ck_row_function kind, int64_t rows, int64_t units, float *z, int64_t ld, const ck_unit_stats *stats) {
  for (int64_t r = 0; r < rows; r++) {
    float *row = z + r * ld;
    row_sum s = exponential_sum(units, row);
    vf most = splat(s.most), inverse = splat(1.0f / s.total), logarithm = splat(0.0f);
    if (kind == ck_log_softmax) logarithm = log_positive(splat(s.total));
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) {
      vf shifted = load(row + n) - most;
      vf y = kind == ck_softmax ? exp_nonpositive(shifted) * inverse : shifted - logarithm;
      store(row + n, keep_live(y, n, units));
    }
  }
  if (stats) settle(rows, units, z, 0, ld, __builtin_inff(), never_saturated, stats);
}

static void softmax_backward(
  ck_row_function kind, int64_t rows, int64_t units, float *dy, const float *y, int64_t ld, float *sums) {
  for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) store(sums + n, splat(0.0f));
  for (int64_t r = 0; r < rows; r++) {
    const float *out = y + r * ld;
    float *row = dy + r * ld;
    vf sum[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) sum[v] = splat(0.0f);
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += ck_lanes)
      CK_UNROLL for (int v = 0; v < NV; v++) {
        int64_t at = n + v * CK_WIDTH;
        vf g = keep_live(load(row + at), at, units);
        sum[v] = kind == ck_softmax ? fma_(g, load(out + at), sum[v]) : sum[v] + g;
      }
    vf total = splat(tree(sum));
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) {
      vf g = load(row + n), p = load(out + n);
      vf d = kind == ck_softmax ? p * (g - total) : fma_(-exp_nonpositive(p), total, g);
      d = keep_live(d, n, units);
      store(row + n, d);
      store(sums + n, load(sums + n) + d);
    }
  }
}
