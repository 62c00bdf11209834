// Hard sigmoid: y = min(max(0, x + 3), 6) / 6.
//
// Derivative: 1/6 for −3 < x < 3, else 0. Range: 0 … 1. Saturates: from |x| = 3 on; y < 0.01 or y > 0.99 is counted.
// Initialise: Glorot. Accuracy: value ≤ 2 ULP, derivative ≤ 0.5 ULP; monotone.
// Source: Courbariaux, Bengio & David 2015, "BinaryConnect"; the slope 1/6 of Howard et al. 2019, "Searching for
// MobileNetV3".

CK_FORMULA vf hard_sigmoid_of(vf x, vf *d) {
  const vf zero = splat(0.0f), sixth = splat(1.0f / 6.0f);
  if (d) *d = floats((magnitude(x) < splat(3.0f)) & bits(sixth));
  return lesser(splat(6.0f), greater(zero, x + splat(3.0f))) * sixth;
}
