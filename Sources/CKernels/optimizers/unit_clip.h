// Adaptive gradient clipping: for each unit (a column of a panel matrix) the gradient's norm is held to a share of its
// weights' norm. g ← g · λ·max(‖w‖, ε) / ‖g‖ where ‖g‖ > λ·max(‖w‖, ε).
// Source: Brock, De, Smith & Simonyan 2021, "High-performance large-scale image recognition without normalization",
// equation 3.

/// Overwrites the gradient with its clipped mean; how many units were over their limit.
static int64_t clip_units(
  int64_t inputs, int64_t outputs, const float *w, float *g, float inverse_count, float value_limit, float ratio,
  float epsilon) {
  const vf limit = splat(value_limit), one = splat(1.0f);
  int64_t clipped = 0;
  for (int64_t panel = 0; panel * ck_lanes < outputs; panel++) {
    const float *weights = w + panel * inputs * ck_lanes;
    float *gradient = g + panel * inputs * ck_lanes;
    vf weight_squares[NV], squares[NV], scale[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) weight_squares[v] = squares[v] = splat(0.0f);
    for (int64_t k = 0; k < inputs; k++)
      CK_UNROLL for (int v = 0; v < NV; v++) {
        int64_t at = k * ck_lanes + v * CK_WIDTH;
        vf x = greater(-limit, lesser(limit, load(gradient + at) * splat(inverse_count)));
        vf weight = load(weights + at);
        squares[v] = fma_(x, x, squares[v]);
        weight_squares[v] = fma_(weight, weight, weight_squares[v]);
        store(gradient + at, x);
      }
    CK_UNROLL for (int v = 0; v < NV; v++) {
      vf norm = __builtin_elementwise_sqrt(squares[v]);
      vf allowed = splat(ratio) * greater(__builtin_elementwise_sqrt(weight_squares[v]), splat(epsilon));
      vi over = norm > allowed;
      scale[v] = pick(over, allowed / norm, one);
      for (int i = 0; i < CK_WIDTH; i++) clipped -= over[i];
    }
    for (int64_t k = 0; k < inputs; k++)
      CK_UNROLL for (int v = 0; v < NV; v++) {
        int64_t at = k * ck_lanes + v * CK_WIDTH;
        store(gradient + at, load(gradient + at) * scale[v]);
      }
  }
  return clipped;
}
