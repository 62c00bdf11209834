// Logistic sigmoid: y = 1 / (1 + e^−x).
//
// Derivative: y·(1 − y). Range: 0 … 1. Saturates: |x| ≳ 4.6; y < 0.01 or y > 0.99 is counted. Initialise: Glorot.
// Accuracy: value ≤ 3 ULP, derivative ≤ 4 ULP, flushed below FLT_MIN; monotone.
// Source: Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating errors", equation 2.

CK_FORMULA vf sigmoid_of(vf x, vf *d) {
  // Sum, quotient and exponential each round monotonically, so the whole does. e^−x·y is 1 − y without cancellation.
  logistic l = logistic_of(exp_minus(x));
  if (d) {
    vf least = lesser(l.value, l.complement);
    *d = fma_(-least, least, least);
  }
  return l.value;
}
