// Scaled exponential linear unit: y = λ·x for x > 0, else λ·α·(e^x − 1), with λ = 1.0507009873554805 and
// α = 1.6732632423543772.
//
// Derivative: λ for x > 0, else λ·α·e^x. Range: −λα = −1.758 … ∞. Saturates: towards −λα below x ≈ −5.
// Initialise: LeCun normal; it is what makes the layers' means and variances converge to 0 and 1.
// Accuracy: value ≤ 3 ULP, derivative ≤ 3 ULP or 2.1e-38; monotone.
// Source: Klambauer et al. 2017, "Self-normalizing neural networks".

CK_FORMULA vf selu_of(vf x, vf *d) {
  const vf lambda = splat(1.0507009873554805f), lambda_alpha = splat(1.7580993408473766f);
  vi positive = x > splat(0.0f);
  vf exponential, y = expm1_nonpositive(x, &exponential);
  if (d) *d = pick(positive, lambda, lambda_alpha * exponential);
  return pick(positive, lambda * x, lambda_alpha * y);
}
