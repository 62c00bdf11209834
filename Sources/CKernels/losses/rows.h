// Losses of one logit a row: CK_WIDTH rows at a time.

/// p, gradient and loss of CK_WIDTH rows; a formula ignores the parameters that are not its own.
typedef void (*logit_formula)(const ck_loss *loss, vf z, vf y, vf *p, vf *gradient, vf *value);

/// Applies a formula to every row. A NaN label gives gradient 0 and loss NaN, whatever the formula.
CK_INLINE void each_logit(
  const logit_formula formula, const ck_loss *how, int64_t rows, const float *z, const float *labels, float *p,
  float *gradient, float *loss) {
  for (int64_t r = 0; r < rows; r += CK_WIDTH) {
    float zs[CK_WIDTH], ys[CK_WIDTH], ps[CK_WIDTH], gs[CK_WIDTH], ls[CK_WIDTH];
    int64_t live = rows - r < CK_WIDTH ? rows - r : CK_WIDTH;
    for (int64_t i = 0; i < CK_WIDTH; i++) {
      zs[i] = i < live ? z[r + i] : 0.0f;
      ys[i] = i < live && labels ? labels[r + i] : 0.0f;
    }
    vf y = load(ys), pv, gv, lv;
    vi labelled = y == y;
    formula(how, load(zs), y, &pv, &gv, &lv);
    store(ps, pv);
    store(gs, pick(labelled, gv, splat(0.0f)));
    store(ls, pick(labelled, lv, splat(__builtin_nanf(""))));
    for (int64_t i = 0; i < live; i++) {
      if (p) p[r + i] = ps[i];
      if (gradient) gradient[r + i] = gs[i];
      if (loss) loss[r + i] = ls[i];
    }
  }
}

/// σ(z), σ(−z) and both softplus values, none of them by cancellation.
typedef struct both_sides {
  vf up, down;                      // σ(z), σ(−z)
  vf softplus_up, softplus_down;    // softplus(z) = −log σ(−z), softplus(−z) = −log σ(z)
} both_sides;

CK_INLINE both_sides both_sides_of(vf z) {
  const vf zero = splat(0.0f);
  vi positive = z > zero;
  vf e = exp_nonpositive(-magnitude(z));
  vf r = splat(1.0f) / (splat(1.0f) + e);
  vf er = e * r, tail = log1p_unit(e);
  vf far = magnitude(z) + tail;
  return (both_sides){
    pick(positive, r, er), pick(positive, er, r), pick(positive, far, tail), pick(positive, tail, far)};
}
