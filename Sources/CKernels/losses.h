// Losses from logits, with probability and gradient in the same pass.

CK_INLINE void binary_block(const vf z, const vf y, vf *p, vf *g, vf *loss) {
  const vf zero = splat(0.0f);
  vi labelled = y == y;
  vf e = exp_nonpositive(-magnitude(z));
  vf r = splat(1.0f) / (splat(1.0f) + e);
  *p = pick(z > zero, r, e * r);
  // softplus(z) − z·y without cancellation at either end: max(z, 0) − z·y is 0 or |z| for hard labels.
  vf hinge = pick(z > zero, z, zero) - z * y;
  *g = pick(labelled, *p - y, zero);
  *loss = hinge + log1p_unit(e);
}

static void binary_loss(int64_t rows, const float *z, const float *labels, float *p, float *gradient, float *loss) {
  for (int64_t r = 0; r < rows; r += CK_WIDTH) {
    float zs[CK_WIDTH], ys[CK_WIDTH], ps[CK_WIDTH], gs[CK_WIDTH], ls[CK_WIDTH];
    int64_t live = rows - r < CK_WIDTH ? rows - r : CK_WIDTH;
    for (int64_t i = 0; i < CK_WIDTH; i++) {
      zs[i] = i < live ? z[r + i] : 0.0f;
      ys[i] = i < live && labels ? labels[r + i] : 0.0f;
    }
    vf pv, gv, lv;
    binary_block(load(zs), load(ys), &pv, &gv, &lv);
    store(ps, pv);
    store(gs, gv);
    store(ls, lv);
    for (int64_t i = 0; i < live; i++) {
      if (p) p[r + i] = ps[i];
      if (gradient) gradient[r + i] = gs[i];
      if (loss) loss[r + i] = ls[i];
    }
  }
}

/// log(x) for 1 ≤ x < FLT_MAX: exponent and artanh of the rest. Sequential, one value.
static float log_of_sum(float x) {
  int32_t raw = __builtin_bit_cast(int32_t, x);
  int32_t exponent = (raw - 0x3f3504f3) >> 23;  // mantissa in [√½, √2)
  float m = __builtin_bit_cast(float, raw - (exponent << 23));
  float f = m - 1.0f;
  // 2·artanh(f / (2 + f)) = log(1 + f), as log1p_unit but for either sign.
  vf w = splat(f) / (splat(2.0f) + splat(f));
  vf s = w * w;
  vf q = splat(1.0f / 11.0f);
  q = fma_(q, s, splat(1.0f / 9.0f));
  q = fma_(q, s, splat(1.0f / 7.0f));
  q = fma_(q, s, splat(1.0f / 5.0f));
  q = fma_(q, s, splat(1.0f / 3.0f));
  vf d = w + w;
  vf rest = fma_(d * s, q, d);
  vf total = fma_(splat((float)exponent), splat(0.693147182464599609375f), rest);
  return total[0];
}

static void softmax_loss(
  int64_t rows, int64_t classes, const float *z, int64_t ld, const float *labels, float *p, float *gradient,
  float *loss) {
  for (int64_t r = 0; r < rows; r++) {
    const float *row = z + r * ld;
    float most = row[0];
    for (int64_t k = 1; k < classes; k++) most = row[k] > most ? row[k] : most;
    vf sum[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) sum[v] = splat(0.0f);
    CK_EACH_LANE_BLOCK(classes) {
      int64_t at = n + v * CK_WIDTH;
      vf shifted = load(row + at) - splat(most);
      sum[v] += keep_live(exp_nonpositive(shifted), at, classes);
    }
    float total = tree(sum);
    float inverse = 1.0f / total;
    int labelled = labels && labels[r] == labels[r];
    int64_t target = labelled ? (int64_t)labels[r] : -1;
    CK_EACH_LANE_BLOCK(classes) {
      int64_t at = n + v * CK_WIDTH;
      vf shifted = load(row + at) - splat(most);
      vf probability = keep_live(exp_nonpositive(shifted) * splat(inverse), at, classes);
      if (p) store(p + r * ld + at, probability);
      if (gradient) store(gradient + r * ld + at, labelled ? probability : splat(0.0f));
    }
    if (gradient && target >= 0 && target < classes) gradient[r * ld + target] -= 1.0f;
    if (loss) {
      int valid = target >= 0 && target < classes;
      loss[r] = valid ? log_of_sum(total) - (row[target] - most) : __builtin_nanf("");
    }
  }
}
