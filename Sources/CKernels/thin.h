// Products with few outputs: the output layer and the wide part. W is [outputs][ldw], ldw = inputs rounded up to 16.

static void thin_forward(
  int64_t rows, int64_t inputs, int64_t outputs, const float *x, int64_t ldx, const float *w, const float *bias,
  float *z,
  int64_t ldz, int32_t add) {
  int64_t ldw = panels_of(inputs) * ck_lanes;
  for (int64_t r = 0; r < rows; r++) {
    const float *row = x + r * ldx;
    for (int64_t n = 0; n < outputs; n++) {
      const float *weights = w + n * ldw;
      vf acc[NV];
      CK_UNROLL for (int v = 0; v < NV; v++) acc[v] = splat(0.0f);
      for (int64_t k = 0; k < ldw; k += ck_lanes)
        CK_UNROLL for (int v = 0; v < NV; v++)
          acc[v] = fma_(load(row + k + v * CK_WIDTH), load(weights + k + v * CK_WIDTH), acc[v]);
      float sum = tree(acc);
      if (bias) sum += bias[n];
      float *out = z + r * ldz + n;
      *out = add ? *out + sum : sum;
    }
  }
}

static void thin_weight_gradient(
  int64_t rows, int64_t inputs, int64_t outputs, const float *x, int64_t ldx, const float *dz, int64_t ldz, float *dw,
  float *dbias) {
  int64_t ldw = panels_of(inputs) * ck_lanes;
  for (int64_t n = 0; n < outputs; n++) {
    for (int64_t k = 0; k < ldw; k += ck_lanes) {
      vf acc[NV];
      CK_UNROLL for (int v = 0; v < NV; v++) acc[v] = splat(0.0f);
      for (int64_t r = 0; r < rows; r++) {
        vf d = splat(dz[r * ldz + n]);
        CK_UNROLL for (int v = 0; v < NV; v++) acc[v] = fma_(d, load(x + r * ldx + k + v * CK_WIDTH), acc[v]);
      }
      CK_UNROLL for (int v = 0; v < NV; v++) {
        int64_t at = k + v * CK_WIDTH;
        store(dw + n * ldw + at, keep_live(acc[v], at, inputs));
      }
    }
    if (!dbias) continue;
    float sum = 0;
    for (int64_t r = 0; r < rows; r++) sum += dz[r * ldz + n];
    dbias[n] = sum;
  }
}

static void thin_input_gradient(
  int64_t rows, int64_t inputs, int64_t outputs, const float *dz, int64_t ldz, const float *w, float *dx, int64_t ldx) {
  int64_t ldw = panels_of(inputs) * ck_lanes;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t k = 0; k < ldw; k += CK_WIDTH) {
      vf acc = splat(0.0f);
      for (int64_t n = 0; n < outputs; n++) acc = fma_(splat(dz[r * ldz + n]), load(w + n * ldw + k), acc);
      store(dx + r * ldx + k, acc);
    }
}
