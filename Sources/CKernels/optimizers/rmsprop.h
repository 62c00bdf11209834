// RMSProp: s ← β₂·s + (1 − β₂)·g², w ← w − η·g / (√s + ε).
// Source: Tieleman & Hinton 2012, "Neural networks for machine learning", lecture 6e; ε outside the root, as in
// PyTorch.

CK_INLINE vf rmsprop_step(vf x, vf *square, const coefficients *c) {
  *square = fma_(x * x, splat(1.0f) - c->second, *square * c->second);
  return c->rate * x / (__builtin_elementwise_sqrt(*square) + c->epsilon);
}
