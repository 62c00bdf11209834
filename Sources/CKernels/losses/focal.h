// Focal loss from logits: cross-entropy that hardly counts what is already sure.
//
//   x = the logit of the true class against the rest: z or −z (binary), z_y − log Σ_{c≠y} exp z_c (multiclass)
//   p = σ(x),  loss = α_y·(1 − p)^γ·softplus(−x),  ∂loss/∂x = −α_y·(1 − p)^γ·(γ·p·softplus(−x) + 1 − p)
//   multiclass: ∂loss/∂z_y = ∂loss/∂x,  ∂loss/∂z_c = −∂loss/∂x·softmax of the others
//
// (1 − p)^γ = exp(−γ·softplus(x)), so nothing cancels and no power is taken; its relative error is below
// 1e−7·(1 + γ·softplus(x)). γ ≥ 0; γ = 0 is cross-entropy; α are the class weights. The loss is in 0 … ∞. Finite for
// finite logits whose differences are finite.
//
// Source: Lin, Goyal, Girshick, He & Dollár 2017, "Focal loss for dense object detection", equation 5.

/// Loss and derivative by x, before α; both sides of x.
CK_INLINE both_sides focal_of(const float gamma, vf x, vf *slope, vf *loss) {
  const vf most = splat(__FLT_MAX__);
  // An infinite x is as good as the largest; a NaN stays one.
  vf bounded = pick(x > most, most, pick(x < -most, -most, x));
  both_sides s = both_sides_of(bounded);
  vf focus = exp_nonpositive(splat(-gamma) * s.softplus_up);
  *loss = focus * s.softplus_down;
  *slope = -focus * fma_(splat(gamma) * s.up, s.softplus_down, s.down);
  return s;
}

CK_INLINE void binary_focal_formula(const ck_loss *how, vf z, vf y, vf *p, vf *g, vf *loss) {
  vi one = y > splat(0.5f);
  vf slope, value;
  both_sides s = focal_of(how->focus, pick(one, z, -z), &slope, &value);
  vf alpha = pick(one, splat(how->hit[1]), splat(how->hit[0]));
  *p = pick(one, s.up, s.down);
  *g = alpha * pick(one, slope, -slope);
  *loss = alpha * value;
}

static void focal_softmax_loss(
  const ck_loss *how, int64_t rows, int64_t classes, const float *z, int64_t ld, const float *labels, float *gradient,
  float *loss) {
  for (int64_t r = 0; r < rows; r++) {
    const float *row = z + r * ld;
    int64_t target = class_of(labels, r, classes);
    if (target < 0) {
      if (gradient)
        CK_EACH_LANE_BLOCK(classes) store(gradient + r * ld + n + v * CK_WIDTH, splat(0.0f));
      if (loss) loss[r] = __builtin_nanf("");
      continue;
    }
    float most = -__builtin_inff();
    for (int64_t k = 0; k < classes; k++) most = k != target && row[k] > most ? row[k] : most;
    vf sum[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) sum[v] = splat(0.0f);
    CK_EACH_LANE_BLOCK(classes) {
      int64_t at = n + v * CK_WIDTH;
      // The true class may lie above the largest of the others, where this exponential means nothing.
      vf shifted = lesser(load(row + at) - splat(most), splat(0.0f));
      vf e = keep_live(exp_nonpositive(shifted), at, classes);
      if (target >= at && target < at + CK_WIDTH) e[target - at] = 0.0f;
      sum[v] += e;
    }
    float total = tree(sum);
    vf slope, value;
    focal_of(how->focus, splat((row[target] - most) - log_of_sum(total)), &slope, &value);
    float alpha = how->hit[target], down = alpha * slope[0];
    if (gradient) {
      vf scale = splat(-down / total);
      CK_EACH_LANE_BLOCK(classes) {
        int64_t at = n + v * CK_WIDTH;
        vf shifted = lesser(load(row + at) - splat(most), splat(0.0f));
        store(gradient + r * ld + at, keep_live(exp_nonpositive(shifted) * scale, at, classes));
      }
      gradient[r * ld + target] = down;
    }
    if (loss) loss[r] = alpha * value[0];
  }
}
