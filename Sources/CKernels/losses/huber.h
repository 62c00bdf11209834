// Huber's loss: squared near, linear far, so that one wild label pulls no harder than δ.
//
//   u = z − y,  loss = u²/2 where |u| ≤ δ, else δ·(|u| − δ/2);  ∂loss/∂z = clamp(u, ± δ)
//
// δ > 0, in the unit of z and y. The loss is in 0 … ∞, the gradient in −δ … δ. Computed as m·(|u| − m/2) with
// m = min(|u|, δ), which is both branches.
//
// Source: Huber 1964, "Robust estimation of a location parameter".

CK_INLINE void huber_formula(const ck_loss *how, vf z, vf y, vf *p, vf *g, vf *loss) {
  vf delta = splat(how->bound), u = z - y, size = magnitude(u);
  vf near = pick(size > delta, delta, size);  // a NaN stays one
  *p = z;
  *g = pick(u < splat(0.0f), -near, near);
  *loss = near * (size - splat(0.5f) * near);
}
