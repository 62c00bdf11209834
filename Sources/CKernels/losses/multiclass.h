// Multiclass cross-entropy from logits.
//
//   p = softmax(z),  loss = Σ_c t_c·(log Σ exp(z − m) − (z_c − m)),  ∂loss/∂z_c = p_c·Σt − t_c,  m = max z
//
// with hard labels t = onehot(y); with smoothing ε and class weights w: t_c = w_c·((1 − ε)·[c = y] + ε/C), as PyTorch's
// cross_entropy has it (whose mean divides by the labels' weights, ours by the rows). The loss is in 0 … ∞, every
// gradient in −t_c … Σt. Near 0 the loss is off by up to 1.2e−7·Σt, the rounding of a sum near 1. Finite for finite
// logits whose differences are finite.
//
// Source: Bridle 1990, "Training stochastic model recognition algorithms as networks can lead to maximum mutual
// information estimation of parameters"; smoothing: Szegedy et al. 2016, section 7.

/// log(x) of one value, 1 ≤ x < FLT_MAX; a NaN or an infinity gives NaN.
static float log_of_sum(float x) { return log_positive(splat(x))[0] + (x - x); }

/// The class a label names, or −1.
static int64_t class_of(const float *labels, int64_t row, int64_t classes) {
  if (!labels || !(labels[row] >= 0.0f && labels[row] < (float)classes)) return -1;
  return (int64_t)labels[row];
}

/// The largest logit.
static float largest(const float *z, int64_t classes) {
  float most = z[0];
  for (int64_t k = 1; k < classes; k++) most = z[k] > most ? z[k] : most;
  return most;
}

static void softmax_loss(
  int64_t rows, int64_t classes, const float *z, int64_t ld, const float *labels, float *p, float *gradient,
  float *loss) {
  for (int64_t r = 0; r < rows; r++) {
    const float *row = z + r * ld;
    float most = largest(row, classes);
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
    int64_t target = class_of(labels, r, classes);
    CK_EACH_LANE_BLOCK(classes) {
      int64_t at = n + v * CK_WIDTH;
      vf shifted = load(row + at) - splat(most);
      vf probability = keep_live(exp_nonpositive(shifted) * splat(inverse), at, classes);
      if (p) store(p + r * ld + at, probability);
      if (gradient) store(gradient + r * ld + at, labelled ? probability : splat(0.0f));
    }
    if (gradient && target >= 0) gradient[r * ld + target] -= 1.0f;
    if (loss) loss[r] = target >= 0 ? log_of_sum(total) - (row[target] - most) : __builtin_nanf("");
  }
}

static void weighed_softmax_loss(
  const ck_loss *how, int64_t rows, int64_t classes, const float *z, int64_t ld, const float *labels, float *gradient,
  float *loss) {
  const vf least = splat(-__FLT_MAX__);
  for (int64_t r = 0; r < rows; r++) {
    const float *row = z + r * ld;
    int64_t target = class_of(labels, r, classes);
    float most = largest(row, classes);
    vf sum[NV], spread[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) sum[v] = spread[v] = splat(0.0f);
    CK_EACH_LANE_BLOCK(classes) {
      int64_t at = n + v * CK_WIDTH;
      vf shifted = load(row + at) - splat(most);
      sum[v] += keep_live(exp_nonpositive(shifted), at, classes);
      // Bounded, so that a class of weight 0 adds 0 however far its logit is.
      vf bounded = pick(shifted < least, least, shifted);
      spread[v] += keep_live(bounded * load(how->rest + at), at, classes);
    }
    float total = tree(sum);
    float mass = target >= 0 ? how->hit[target] + how->rest_sum : 0.0f;
    vf scale = splat(mass / total);
    if (gradient) {
      CK_EACH_LANE_BLOCK(classes) {
        int64_t at = n + v * CK_WIDTH;
        vf shifted = load(row + at) - splat(most);
        vf g = exp_nonpositive(shifted) * scale - load(how->rest + at);
        store(gradient + r * ld + at, target >= 0 ? keep_live(g, at, classes) : splat(0.0f));
      }
      if (target >= 0) gradient[r * ld + target] -= how->hit[target];
    }
    if (loss) {
      float off = target >= 0 ? row[target] - most : 0.0f;
      off = off < -__FLT_MAX__ ? -__FLT_MAX__ : off;
      loss[r] =
        target >= 0 ? mass * log_of_sum(total) - (how->hit[target] * off + tree(spread)) : __builtin_nanf("");
    }
  }
}
