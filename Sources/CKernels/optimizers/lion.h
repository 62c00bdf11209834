// Lion: w ← w − η·sign(β₁·m + (1 − β₁)·g), then m ← β₂·m + (1 − β₂)·g. `first` is β₁, `second` β₂; sign(0) is 0.
// Source: Chen et al. 2023, "Symbolic discovery of optimization algorithms", program 1.

CK_INLINE vf lion_step(vf x, vf *mean, const coefficients *c) {
  vf one = splat(1.0f);
  vf direction = fma_(*mean, c->first, (one - c->first) * x);
  *mean = fma_(*mean, c->second, (one - c->second) * x);
  return signed_as(direction, c->rate);
}
