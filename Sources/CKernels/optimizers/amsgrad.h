// AMSGrad: Adam divided by the root of the largest v so far: v̂ ← max(v̂, v), w ← w − η·m̂ / (√(v̂ / (1 − β₂ᵗ)) + ε).
// Source: Reddi, Kale & Kumar 2018, "On the convergence of Adam and beyond", algorithm 2; with Adam's corrections of
// the bias, as in PyTorch.

CK_INLINE vf amsgrad_step(vf x, vf *mean, vf *square, vf *largest, const coefficients *c) {
  *mean = fma_(x - *mean, c->first, *mean);
  *square = fma_(x * x, splat(1.0f) - c->second, *square * c->second);
  *largest = greater(*largest, *square);
  return c->rate * *mean / fma_(__builtin_elementwise_sqrt(*largest), c->root, c->epsilon);
}
