// ReLU6: y = min(max(0, x), 6).
//
// Derivative: 1 for 0 < x < 6, else 0. Range: 0 … 6. Saturates: at 6 from x = 6 on (counted), and below 0 (counted as
// zeros). Initialise: He. Accuracy: exact. Source: Krizhevsky 2010, "Convolutional deep belief networks on CIFAR-10".

CK_FORMULA vf relu6_of(vf x, vf *d) {
  const vf zero = splat(0.0f), top = splat(6.0f);
  if (d) *d = floats((x > zero) & (x < top) & bits(splat(1.0f)));
  return lesser(top, greater(zero, x)) + zero;  // as relu: flushes a subnormal
}
