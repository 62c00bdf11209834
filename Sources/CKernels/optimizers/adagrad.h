// Adagrad: s ← s + g², w ← w − η·g / (√s + ε).
// Source: Duchi, Hazan & Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization",
// the diagonal form of section 1.1.

CK_INLINE vf adagrad_step(vf x, vf *sum, const coefficients *c) {
  *sum = fma_(x, x, *sum);
  return c->rate * x / (__builtin_elementwise_sqrt(*sum) + c->epsilon);
}
