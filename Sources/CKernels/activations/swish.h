// Swish, also called SiLU: y = x·σ(x).
//
// Derivative: σ(x)·(1 + x·(1 − σ(x))). Range: −0.2785 … ∞. Saturates: towards 0 below x ≈ −7. Initialise: He.
// Accuracy: value ≤ 3 ULP or 1.04e-36 (flushed with σ below x = −87.3); derivative ≤ 4 ULP or 5e-8 (zero at
// x = −1.2785).
// Source: Elfwing, Uchibe & Doya 2018, "Sigmoid-weighted linear units for neural network function approximation in
// reinforcement learning"; Ramachandran, Zoph & Le 2017, "Searching for activation functions".

CK_FORMULA vf swish_of(vf x, vf *d) {
  vf low = greater(splat(-128.0f), x);  // so that −∞ · 0 does not come up
  logistic l = logistic_of(exp_minus(x));
  if (d) {
    vf bounded = lesser(splat(128.0f), low);
    *d = l.value * fma_(bounded, l.complement, splat(1.0f));
  }
  return low * l.value;
}
