// Gated linear units: a layer of 2u columns, value and gate, gives u outputs y = value · f(gate).
//
// f: sigmoid (GLU), swish (SwiGLU), gelu in its tanh form (GEGLU), relu (ReGLU). Derivative: by the value f(gate), by
// the gate value·f′(gate). Range: all. Saturates: as f does. Initialise: Glorot for GLU, He for the others.
// Accuracy: as f's, and half an ULP.
// Source: Dauphin et al. 2017, "Language modeling with gated convolutional networks" (GLU); Shazeer 2020, "GLU variants
// improve Transformer" (the others).

CK_INLINE vf gate_function(const ck_gate kind, vf x, vf *d) {
  switch (kind) {
    case ck_glu: return sigmoid_of(x, d);
    case ck_swiglu: return swish_of(x, d);
    case ck_geglu: return gelu_of(x, d);
    case ck_reglu: return relu_of(x, d);
  }
  return x;
}

CK_INLINE void gate_kind(
  const ck_gate kind, const int derive, int64_t rows, int64_t units, float *z, int64_t ldz, float *y, int64_t ldy,
  float limit) {
  const vf bound = splat(limit), zero = splat(0.0f);
  for (int64_t r = 0; r < rows; r++) {
    float *row = z + r * ldz;
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) {
      int64_t live = units - n;
      if (live <= 0) {
        store(y + r * ldy + n, zero);
        continue;
      }
      vf value = load(row + n), d, f = gate_function(kind, load(row + units + n), derive ? &d : 0);
      vf out = greater(-bound, lesser(bound, value * f));
      store(y + r * ldy + n, keep_live(out, n, units));
      if (!derive) continue;
      vi free = magnitude(out) < bound;
      store_live(row + n, pick(free, f, zero), live);
      store_live(row + units + n, pick(free, value * d, zero), live);
    }
  }
}

static void gate(
  ck_gate kind, int64_t rows, int64_t units, float *z, int64_t ldz, float *y, int64_t ldy, float limit, int32_t derive,
  const ck_unit_stats *stats) {
#define CK_GATE(KIND)                                                                                                 \
  case KIND:                                                                                                          \
    if (derive) gate_kind(KIND, 1, rows, units, z, ldz, y, ldy, limit);                                               \
    else gate_kind(KIND, 0, rows, units, z, ldz, y, ldy, limit);                                                      \
    break;
  switch (kind) {
    CK_GATE(ck_glu)
    CK_GATE(ck_swiglu)
    CK_GATE(ck_geglu)
    CK_GATE(ck_reglu)
  }
#undef CK_GATE
  if (stats) {
    saturation limits = never_saturated;
    if (limit < __builtin_inff()) {
      float below = __builtin_bit_cast(float, __builtin_bit_cast(int32_t, limit) - 1);
      limits = (saturation){-below, below};
    }
    settle(rows, units, y, 0, ldy, __builtin_inff(), limits, stats);
  }
}

static void gate_backward(
  int64_t rows, int64_t units, const float *dy, int64_t ldy, const float *partials, float *dz, int64_t ldz,
  float *sums) {
  int64_t padded = panels_of(2 * units) * ck_lanes;
  for (int64_t n = 0; n < padded; n += CK_WIDTH) store(sums + n, splat(0.0f));
  for (int64_t r = 0; r < rows; r++)
    for (int64_t n = 0; n < units; n += CK_WIDTH) {
      int64_t live = units - n;
      vf g = load(dy + r * ldy + n);
      for (int64_t half = 0; half <= units; half += units) {
        int64_t at = half + n;
        vf d = g * load(partials + r * ldz + at);
        store_live(dz + r * ldz + at, d, live);
        store_live(sums + at, load(sums + at) + d, live);
      }
    }
}
