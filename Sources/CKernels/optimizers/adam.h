// Adam: m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², w ← w − η·(m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε).
// AdamW is the same with decoupled weight decay. `rate` is η / (1 − β₁ᵗ), `first` 1 − β₁, `second` β₂, `root`
// 1 / √(1 − β₂ᵗ).
// Source: Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1; Loshchilov & Hutter 2019,
// algorithm 2.

CK_INLINE vf adam_step(vf x, vf *mean, vf *square, const coefficients *c) {
  *mean = fma_(x - *mean, c->first, *mean);
  *square = fma_(x * x, splat(1.0f) - c->second, *square * c->second);
  return c->rate * *mean / fma_(__builtin_elementwise_sqrt(*square), c->root, c->epsilon);
}
