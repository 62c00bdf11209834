// Stochastic gradient descent with momentum: v ← μ·v + g, w ← w − η·v.
// Nesterov's form looks one step ahead: w ← w − η·(g + μ·v).
// Source: Polyak 1964 (heavy ball); Sutskever, Martens, Dahl & Hinton 2013, "On the importance of initialization and
// momentum in deep learning", section 2; in the form of PyTorch, whose velocity does not contain η.

CK_INLINE vf sgd_step(vf x, vf *velocity, const coefficients *c) {
  *velocity = fma_(*velocity, c->first, x);
  return c->rate * *velocity;
}

CK_INLINE vf nesterov_step(vf x, vf *velocity, const coefficients *c) {
  *velocity = fma_(*velocity, c->first, x);
  return c->rate * fma_(*velocity, c->first, x);
}
