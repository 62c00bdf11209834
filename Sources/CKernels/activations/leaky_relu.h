// Leaky ReLU: y = x for x > 0, else x / 100.
//
// Derivative: 1 for x > 0, else 0.01. Range: all. Saturates: nowhere. Initialise: He.
// Accuracy: value ≤ 1 ULP, derivative exact. Source: Maas, Hannun & Ng 2013, "Rectifier nonlinearities improve neural
// network acoustic models".

enum { ck_leak_inverse = 100 };

CK_FORMULA vf leaky_relu_of(vf x, vf *d) {
  const vf leak = splat(1.0f / ck_leak_inverse);
  vi positive = x > splat(0.0f);
  if (d) *d = pick(positive, splat(1.0f), leak);
  return pick(positive, x, x * leak);
}
