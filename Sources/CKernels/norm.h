// LayerNorm and RMSNorm; ε = 1e-5.

#define CK_EACH_LANE_BLOCK(UNITS)                                                                                     \
  for (int64_t n = 0; n < panels_of(UNITS) * ck_lanes; n += ck_lanes)                                                 \
    CK_UNROLL for (int v = 0; v < NV; v++)

/// `centred`: LayerNorm; else RMSNorm, which takes no mean away and adds no offset.
CK_INLINE void norm(
  const int centred, int64_t rows, int64_t units, float *z, int64_t ld, const float *gain, const float *offset,
  float *normalized, float *inverse_deviation) {
  const float inverse_units = 1.0f / (float)units;
  for (int64_t r = 0; r < rows; r++) {
    float *row = z + r * ld, *kept = normalized + r * ld;
    float mean = 0.0f;
    vf sum[NV], square[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) sum[v] = square[v] = splat(0.0f);
    if (centred) {
      CK_EACH_LANE_BLOCK(units) {
        int64_t at = n + v * CK_WIDTH;
        sum[v] += keep_live(load(row + at), at, units);
      }
      mean = tree(sum) * inverse_units;
    }
    CK_EACH_LANE_BLOCK(units) {
      int64_t at = n + v * CK_WIDTH;
      vf d = keep_live(load(row + at) - splat(mean), at, units);
      square[v] = fma_(d, d, square[v]);
    }
    float inverse = 1.0f / __builtin_elementwise_sqrt(tree(square) * inverse_units + 1e-5f);
    inverse_deviation[r] = inverse;
    CK_EACH_LANE_BLOCK(units) {
      int64_t at = n + v * CK_WIDTH;
      vf x = keep_live((load(row + at) - splat(mean)) * splat(inverse), at, units);
      store(kept + at, x);
      store(row + at, centred ? fma_(x, load(gain + at), load(offset + at)) : x * load(gain + at));
    }
  }
}

CK_INLINE void norm_backward(
  const int centred, int64_t rows, int64_t units, float *dz, int64_t ld, const float *gain, const float *normalized,
  const float *inverse_deviation, float *dgain, float *sums) {
  const float inverse_units = 1.0f / (float)units;
  CK_EACH_LANE_BLOCK(units) {
    store(dgain + n + v * CK_WIDTH, splat(0.0f));
    store(sums + n + v * CK_WIDTH, splat(0.0f));
  }
  for (int64_t r = 0; r < rows; r++) {
    float *row = dz + r * ld;
    const float *x = normalized + r * ld;
    vf sum[NV], product[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) sum[v] = product[v] = splat(0.0f);
    CK_EACH_LANE_BLOCK(units) {
      int64_t at = n + v * CK_WIDTH;
      vf d = load(row + at), hat = load(x + at);
      store(dgain + at, fma_(d, hat, load(dgain + at)));
      vf g = d * load(gain + at);
      if (centred) sum[v] += g;
      product[v] = fma_(g, hat, product[v]);
    }
    vf mean = splat(centred ? tree(sum) * inverse_units : 0.0f), along = splat(tree(product) * inverse_units);
    vf inverse = splat(inverse_deviation[r]);
    CK_EACH_LANE_BLOCK(units) {
      int64_t at = n + v * CK_WIDTH;
      vf g = load(row + at) * load(gain + at);
      vf d = keep_live(fma_(-load(x + at), along, g - mean) * inverse, at, units);
      store(row + at, d);
      store(sums + at, load(sums + at) + d);
    }
  }
}

// Source: Ba, Kiros & Hinton 2016, "Layer normalization", equations 3 and 4.

static void layer_norm(
  int64_t rows, int64_t units, float *z, int64_t ld, const float *gain, const float *offset, float *normalized,
  float *inverse_deviation) {
  norm(1, rows, units, z, ld, gain, offset, normalized, inverse_deviation);
}

static void layer_norm_backward(
  int64_t rows, int64_t units, float *dz, int64_t ld, const float *gain, const float *normalized,
  const float *inverse_deviation, float *dgain, float *sums) {
  norm_backward(1, rows, units, dz, ld, gain, normalized, inverse_deviation, dgain, sums);
}

// Source: Zhang & Sennrich 2019, "Root mean square layer normalization", equation 4, with ε inside the root.

static void rms_norm(
  int64_t rows, int64_t units, float *z, int64_t ld, const float *gain, float *normalized, float *inverse_root) {
  norm(0, rows, units, z, ld, gain, 0, normalized, inverse_root);
}

static void rms_norm_backward(
  int64_t rows, int64_t units, float *dz, int64_t ld, const float *gain, const float *normalized,
  const float *inverse_root, float *dgain, float *sums) {
  norm_backward(0, rows, units, dz, ld, gain, normalized, inverse_root, dgain, sums);
}
