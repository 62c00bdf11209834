// Binary cross-entropy from a logit.
//
//   p = σ(z),  loss = t₁·softplus(−z) + t₀·softplus(z),  ∂loss/∂z = t₀·σ(z) − t₁·σ(−z)
//
// with hard labels t₁ = y, t₀ = 1 − y; with smoothing ε and class weights w: t_c = w_c·((1 − ε)·[c = y] + ε/2). The loss
// is in 0 … ∞ (about |z| far on the wrong side), the gradient in −t₁ … t₀. Finite for every finite logit.
//
// Source: Cox 1958, "The regression analysis of binary sequences"; smoothing: Szegedy et al. 2016, "Rethinking the
// Inception architecture", section 7.

CK_INLINE void binary_formula(const ck_loss *how, vf z, vf y, vf *p, vf *g, vf *loss) {
  (void)how;
  const vf zero = splat(0.0f);
  vf e = exp_nonpositive(-magnitude(z));
  vf r = splat(1.0f) / (splat(1.0f) + e);
  *p = pick(z > zero, r, e * r);
  // softplus(z) − z·y without cancellation at either end: max(z, 0) − z·y is 0 or |z| for hard labels.
  vf hinge = pick(z > zero, z, zero) - z * y;
  *g = *p - y;
  *loss = hinge + log1p_unit(e);
}

static void binary_loss(int64_t rows, const float *z, const float *labels, float *p, float *gradient, float *loss) {
  each_logit(binary_formula, 0, rows, z, labels, p, gradient, loss);
}

CK_INLINE void weighed_binary_formula(const ck_loss *how, vf z, vf y, vf *p, vf *g, vf *loss) {
  both_sides s = both_sides_of(z);
  vi one = y > splat(0.5f);
  vf t1 = splat(how->rest[1]) + pick(one, splat(how->hit[1]), splat(0.0f));
  vf t0 = splat(how->rest[0]) + pick(one, splat(0.0f), splat(how->hit[0]));
  *p = s.up;
  *g = t0 * s.up - t1 * s.down;
  *loss = t1 * s.softplus_down + t0 * s.softplus_up;
}
