// Poisson's negative log likelihood with a log link, for counts.
//
//   rate = exp(z),  loss = rate − y·z,  ∂loss/∂z = rate − y
//
// y ≥ 0; the part of the likelihood that only the label decides, log y!, is left out, so the loss is in
// y − y·log y … ∞. z is held in ± 30 (a rate of 9.4e−14 … 1.07e13), so that neither the rate nor the square of a
// gradient overflows; beyond the bound the gradient is the one at the bound, which still leads back.
//
// Source: Nelder & Wedderburn 1972, "Generalized linear models".

CK_INLINE void poisson_formula(const ck_loss *how, vf z, vf y, vf *p, vf *g, vf *loss) {
  (void)how;
  const vf bound = splat(30.0f);
  vf held = pick(z > bound, bound, pick(z < -bound, -bound, z));
  vf e = exp_nonpositive(-magnitude(held));
  vf rate = pick(held > splat(0.0f), splat(1.0f) / e, e);
  *p = rate;
  *g = rate - y;
  *loss = rate - y * held;
}
