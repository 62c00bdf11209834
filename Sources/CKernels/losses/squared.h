// Half the squared error: u = z − y, loss = u²/2, ∂loss/∂z = u. The mean is what it makes of noise. In 0 … ∞; overflows
// where |u| > 2.6e19.
//
// Source: Gauss 1809, "Theoria motus corporum coelestium", book 2, section 3.

CK_INLINE void squared_formula(const ck_loss *how, vf z, vf y, vf *p, vf *g, vf *loss) {
  (void)how;
  vf u = z - y;
  *p = z;
  *g = u;
  *loss = splat(0.5f) * u * u;
}
