// One pass over parameters, gradient and state, returning the squared size of the change. The kind and whether there
// are penalties are compile-time constants of each instance, so that what is off costs nothing.

enum { sum_chunk = 4096 };  // elements summed in float lanes before they join the double sum

/// Buffers of the size of the parameters that an optimiser keeps.
CK_INLINE int states_of(const ck_optimizer kind) {
  return kind == ck_amsgrad ? 3 : kind == ck_adam || kind == ck_ftrl ? 2 : 1;
}

/// One vector of parameters `w` and states `s` follows its gradient; returns how far it moved.
CK_INLINE vf step_of(const ck_optimizer kind, const int penalized, vf g, vf *w, vf s[3], const coefficients *c) {
  vf x = used_gradient(g, c);
  if (kind == ck_ftrl) return ftrl_step(x, w, &s[0], &s[1], c);  // its penalties are part of the formula
  if (penalized) x = penalized_gradient(x, *w, c);
  vf change = splat(0.0f);
  switch (kind) {
    case ck_sgd: change = sgd_step(x, &s[0], c); break;
    case ck_nesterov: change = nesterov_step(x, &s[0], c); break;
    case ck_adagrad: change = adagrad_step(x, &s[0], c); break;
    case ck_rmsprop: change = rmsprop_step(x, &s[0], c); break;
    case ck_adam: change = adam_step(x, &s[0], &s[1], c); break;
    case ck_amsgrad: change = amsgrad_step(x, &s[0], &s[1], &s[2], c); break;
    case ck_lion: change = lion_step(x, &s[0], c); break;
    case ck_ftrl: break;
  }
  return moved(penalized, w, change, c);
}

CK_INLINE double update_of(
  const ck_optimizer kind, const int penalized, int64_t n, float *w, const float *g, float *const states[3],
  const ck_update *u) {
  const int count = states_of(kind);
  float *const s0 = states[0], *const s1 = states[1], *const s2 = states[2];
  const coefficients c = coefficients_of(u);
  double squares = 0;
  for (int64_t chunk = 0; chunk < n; chunk += sum_chunk) {
    int64_t end = n - chunk < sum_chunk ? n : chunk + sum_chunk;
    vf acc[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) acc[v] = splat(0.0f);
    for (int64_t i = chunk; i < end; i += ck_lanes)
      CK_UNROLL for (int v = 0; v < NV; v++) {
        int64_t at = i + v * CK_WIDTH;
        vf weight = load(w + at), s[3];
        s[0] = load(s0 + at);
        if (count > 1) s[1] = load(s1 + at);
        if (count > 2) s[2] = load(s2 + at);
        vf change = step_of(kind, penalized, load(g + at), &weight, s, &c);
        store(s0 + at, s[0]);
        if (count > 1) store(s1 + at, s[1]);
        if (count > 2) store(s2 + at, s[2]);
        store(w + at, weight);
        acc[v] = fma_(change, change, acc[v]);
      }
    squares += (double)tree(acc);
  }
  return squares;
}

/// Runs INSTANCE(kind, penalized, arguments…) with constants for both.
#define CK_DISPATCH(INSTANCE, ...)                                                                                    \
  const int penalized = u->l1 != 0.0f || u->l2 != 0.0f || u->keep != 1.0f;                                            \
  switch (kind) {                                                                                                     \
    CK_CASE(ck_sgd, INSTANCE, __VA_ARGS__)                                                                            \
    CK_CASE(ck_nesterov, INSTANCE, __VA_ARGS__)                                                                       \
    CK_CASE(ck_adagrad, INSTANCE, __VA_ARGS__)                                                                        \
    CK_CASE(ck_rmsprop, INSTANCE, __VA_ARGS__)                                                                        \
    CK_CASE(ck_adam, INSTANCE, __VA_ARGS__)                                                                           \
    CK_CASE(ck_amsgrad, INSTANCE, __VA_ARGS__)                                                                        \
    CK_CASE(ck_lion, INSTANCE, __VA_ARGS__)                                                                           \
    case ck_ftrl: return INSTANCE(ck_ftrl, 0, __VA_ARGS__);                                                           \
  }                                                                                                                   \
  return 0;
#define CK_CASE(KIND, INSTANCE, ...)                                                                                  \
  case KIND: return penalized ? INSTANCE(KIND, 1, __VA_ARGS__) : INSTANCE(KIND, 0, __VA_ARGS__);

static double update(
  ck_optimizer kind, int64_t n, float *w, const float *g, float *const states[3], const ck_update *u) {
  CK_DISPATCH(update_of, n, w, g, states, u)
}
