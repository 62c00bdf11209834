// FTRL-Proximal: n' = n + g², z ← z + g − (√n' − √n)/α · w, and
// w = 0 where |z| ≤ λ₁, else −(z − sign(z)·λ₁) / ((β + √n')/α + λ₂).
// `first` is 1/α, `epsilon` β. Weights are exactly 0 where the sum of gradients does not outweigh λ₁.
// Source: McMahan et al. 2013, "Ad click prediction: a view from the trenches", algorithm 1.

CK_INLINE vf ftrl_step(vf x, vf *w, vf *z, vf *n, const coefficients *c) {
  vf root_before = __builtin_elementwise_sqrt(*n);
  *n = fma_(x, x, *n);
  vf root = __builtin_elementwise_sqrt(*n);
  *z = fma_((root_before - root) * c->first, *w, *z + x);
  vf before = *w;
  vf outside = signed_as(*z, c->l1) - *z;
  *w = pick(magnitude(*z) > c->l1, outside / fma_(c->epsilon + root, c->first, c->l2), splat(0.0f));
  return before - *w;
}
