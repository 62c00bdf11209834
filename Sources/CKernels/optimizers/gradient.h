// What every optimiser begins and ends with: the gradient that is used, and the parameter moved.

/// The constants of a step, spread over vectors once.
typedef struct coefficients {
  vf inverse_count, limit, scale, rate, first, second, root, epsilon, l1, l2, keep;
} coefficients;

CK_INLINE coefficients coefficients_of(const ck_update *u) {
  return (coefficients){
    .inverse_count = splat(u->inverse_count),
    .limit = splat(u->value_limit),
    .scale = splat(u->scale),
    .rate = splat(u->rate),
    .first = splat(u->first),
    .second = splat(u->second),
    .root = splat(u->inverse_root_correction),
    .epsilon = splat(u->epsilon),
    .l1 = splat(u->l1),
    .l2 = splat(u->l2),
    .keep = splat(u->keep),
  };
}

/// clamp(g · inverse_count, ± limit) · scale.
CK_INLINE vf used_gradient(vf g, const coefficients *c) {
  return greater(-c->limit, lesser(c->limit, g * c->inverse_count)) * c->scale;
}

/// `size` with the sign of x; 0 where x is 0.
CK_INLINE vf signed_as(vf x, vf size) {
  vf zero = splat(0.0f);
  return pick(x > zero, size, pick(x < zero, -size, zero));
}

/// The gradient of l2/2 · w² + l1 · |w| on top of the loss's; of a weight that is damaged not so large that its square, or the
/// sum of many of them, would be no number.
CK_INLINE vf penalized_gradient(vf x, vf w, const coefficients *c) {
  const vf most = splat(1e15f);
  return greater(-most, lesser(most, fma_(w, c->l2, x) + signed_as(w, c->l1)));
}

/// w · keep − change, the decay apart from the gradient; returns how far w moved.
/// Source: Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithms 1 and 2.
CK_INLINE vf moved(const int penalized, vf *w, vf change, const coefficients *c) {
  vf before = *w;
  *w = penalized ? fma_(before, c->keep, -change) : before - change;
  return penalized ? before - *w : change;
}
