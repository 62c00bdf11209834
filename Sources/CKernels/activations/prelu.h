// Parametric ReLU: y = x for x > 0, else slope·x, with one learned slope a unit.
//
// Derivative: 1 for x > 0, else slope; by the slope: 0 for x > 0, else x. Range: all. Saturates: nowhere.
// Initialise: He, slopes 0.25, and no weight decay on them. Accuracy: value ≤ 0.5 ULP, derivative exact.
// Source: He et al. 2015, "Delving deep into rectifiers".

static void prelu(
  int64_t rows, int64_t units, float *z, float *kept, int64_t ld, const float *slope, float limit,
  const ck_unit_stats *stats) {
  const vf zero = splat(0.0f);
  for (int64_t r = 0; r < rows; r++)
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) {
      vf x = load(z + r * ld + n);
      if (kept) store(kept + r * ld + n, x);
      store(z + r * ld + n, pick(x > zero, x, x * load(slope + n)));
    }
  if (stats || limit < __builtin_inff()) settle(rows, units, z, 0, ld, limit, never_saturated, stats);
}

static void prelu_backward(
  int64_t rows, int64_t units, float *dy, const float *y, const float *kept, int64_t ld, const float *slope,
  float limit, float *sums, float *dslope) {
  const vf zero = splat(0.0f);
  for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) {
    vf sum = zero, by_slope = zero, a = load(slope + n);
    for (int64_t r = 0; r < rows; r++) {
      vf g = load(dy + r * ld + n), x = load(kept + r * ld + n);
      if (limit < __builtin_inff()) g = pick(magnitude(load(y + r * ld + n)) < splat(limit), g, zero);
      vi positive = x > zero;
      by_slope = fma_(g, pick(positive, zero, x), by_slope);
      g = pick(positive, g, g * a);
      store(dy + r * ld + n, g);
      sum += g;
    }
    store(sums + n, sum);
    store(dslope + n, by_slope);
  }
}
