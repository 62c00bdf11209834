// The quantile (pinball) loss: what it makes of noise is the τ-quantile.
//
//   u = y − z,  loss = τ·u where u > 0, else (τ − 1)·u;  ∂loss/∂z = −τ above, 1 − τ below, 0 at u = 0
//
// 0 < τ < 1; τ = ½ is half the absolute error. The loss is in 0 … ∞, the gradient in −τ … 1 − τ.
//
// Source: Koenker & Bassett 1978, "Regression quantiles".

CK_INLINE void quantile_formula(const ck_loss *how, vf z, vf y, vf *p, vf *g, vf *loss) {
  const vf zero = splat(0.0f), up = splat(how->level), down = splat(1.0f - how->level);
  vf u = y - z;
  *p = z;
  vf side = pick(u > zero, -up, pick(u < zero, down, u));  // 0 or NaN: itself
  *g = side;
  *loss = pick(u > zero, up, down) * magnitude(u);
}
