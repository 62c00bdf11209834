// Products, activations, normalisations, and what stands between layers.
#include "families.h"

static const int64_t shapes[][3] = {{1, 1, 1}, {7, 5, 19}, {70, 37, 48}, {13, 200, 33}};
enum { shape_count = sizeof shapes / sizeof *shapes, rows = 70 };
static const int64_t widths[] = {1, 16, 19, 45};
enum { width_count = sizeof widths / sizeof *widths };
static const float limits[] = {__builtin_inff(), 0.5f};

void dense_products(const ck_kernels *k, taste how) {
  for (int i = 0; i < shape_count; i++) {
    const int64_t count = shapes[i][0], inputs = shapes[i][1], outputs = shapes[i][2];
    const int64_t ldx = padded(inputs), ldz = padded(outputs);
    float *x = drawn_rows(how, count, inputs, ldx), *w = drawn_panels(how, inputs, outputs);
    float *bias = drawn_rows(how, 1, outputs, ldz), *scratch = floats(ck_scratch_floats);
    float *z = floats(count * ldz), *dw = floats(inputs * ldz), *dx = floats(count * ldx);
    k->dense_forward(count, inputs, outputs, x, ldx, w, bias, z, ldz);
    hash_rows(z, count, outputs, ldz);
    k->dense_forward(count, inputs, outputs, x, ldx, w, 0, z, ldz);
    hash_rows(z, count, outputs, ldz);
    float *dz = drawn_rows(how, count, outputs, ldz);
    k->dense_weight_gradient(count, inputs, outputs, x, ldx, dz, ldz, dw, scratch);
    hash_floats(dw, inputs * ldz);
    k->dense_input_gradient(count, inputs, outputs, inputs, dz, ldz, w, dx, ldx, scratch);
    hash_rows(dx, count, inputs, ldx);
  }
}

void thin_products(const ck_kernels *k, taste how) {
  for (int i = 0; i < shape_count; i++)
    for (int64_t outputs = 1; outputs <= 3; outputs += 2) {
      const int64_t count = shapes[i][0], inputs = shapes[i][1], ldx = padded(inputs), ldz = outputs == 1 ? 1 : ck_lanes;
      float *x = drawn_rows(how, count, inputs, ldx), *w = drawn_rows(how, outputs, inputs, ldx);
      float *bias = drawn(how, outputs), *z = floats(count * ldz), *dx = floats(count * ldx);
      float *dw = floats(outputs * ldx), *dbias = floats(outputs);
      k->thin_forward(count, inputs, outputs, x, ldx, w, bias, z, ldz, 0);
      hash_rows(z, count, outputs, ldz);
      k->thin_forward(count, inputs, outputs, x, ldx, w, 0, z, ldz, 1);
      hash_rows(z, count, outputs, ldz);
      float *dz = drawn_rows(how, count, outputs, ldz);
      k->thin_weight_gradient(count, inputs, outputs, x, ldx, dz, ldz, dw, dbias);
      hash_floats(dw, outputs * ldx);
      hash_floats(dbias, outputs);
      k->thin_input_gradient(count, inputs, outputs, dz, ldz, w, dx, ldx);
      hash_rows(dx, count, inputs, ldx);
    }
}

static ck_unit_stats new_stats(int64_t units) {
  const int64_t counts = ck_lanes * sizeof(int64_t);
  ck_unit_stats stats = {
    memory(padded(units) * sizeof(int64_t)), memory(counts), memory(counts), memory(counts), floats(ck_lanes),
    floats(ck_lanes), memory(counts), memory(counts)};
  for (int64_t i = 0; i < ck_lanes; i++) {
    stats.minimum[i] = __builtin_inff();
    stats.maximum[i] = -__builtin_inff();
  }
  return stats;
}

static void hash_stats(const ck_unit_stats *stats, int64_t units) {
  hash_bytes(stats->active, units * sizeof(int64_t));
  int64_t *const counts[] = {stats->negative, stats->saturated, stats->non_finite};
  for (int i = 0; i < 3; i++) hash_bytes(counts[i], ck_lanes * sizeof(int64_t));
  hash_floats(stats->minimum, ck_lanes);
  hash_floats(stats->maximum, ck_lanes);
  hash_doubles(stats->sum, ck_lanes);
  hash_doubles(stats->square, ck_lanes);
}

void activations(const ck_kernels *k, taste how) {
  for (int i = 0; i < width_count; i++)
    for (int clipped = 0; clipped < 2; clipped++)
      for (int kind = ck_relu; kind <= ck_hard_swish; kind++) {
        const int64_t units = widths[i], ld = padded(units);
        ck_unit_stats stats = new_stats(units);
        float *y = drawn_rows(how, rows, units, ld), *derivative = floats(rows * ld), *sums = floats(ld);
        k->activate(kind, rows, units, y, derivative, ld, limits[clipped], &stats);
        hash_rows(y, rows, units, ld);
        hash_rows(derivative, rows, units, ld);
        hash_stats(&stats, units);
        float *dy = drawn_rows(how, rows, units, ld);
        k->activate_backward(kind, rows, units, dy, y, derivative, ld, __builtin_inff(), sums);
        hash_rows(dy, rows, units, ld);
        hash_floats(sums, units);
        if (kind != ck_relu && kind != ck_leaky_relu && kind != ck_identity) continue;
        k->activate_backward(kind, rows, units, dy, y, 0, ld, limits[clipped], sums);
        hash_rows(dy, rows, units, ld);
        hash_floats(sums, units);
      }
}

static void gates(const ck_kernels *k, taste how, int64_t units, float limit) {
  const int64_t ldy = padded(units), ldz = padded(2 * units + ck_lanes);
  for (int kind = ck_glu; kind <= ck_reglu; kind++) {
    ck_unit_stats stats = new_stats(units);
    float *z = drawn_rows(how, rows, 2 * units, ldz), *y = floats(rows * ldy), *sums = floats(ldz);
    k->gate(kind, rows, units, z, ldz, y, ldy, limit, 1, &stats);
    hash_rows(z, rows, 2 * units, ldz);
    hash_rows(y, rows, units, ldy);
    hash_stats(&stats, units);
    float *dy = drawn_rows(how, rows, units, ldy);
    k->gate_backward(rows, units, dy, ldy, z, z, ldz, sums);
    hash_rows(z, rows, 2 * units, ldz);
    hash_floats(sums, 2 * units);
  }
}

static void slopes(const ck_kernels *k, taste how, int64_t units, float limit) {
  const int64_t ld = padded(units);
  ck_unit_stats stats = new_stats(units);
  float *y = drawn_rows(how, rows, units, ld), *kept = floats(rows * ld), *slope = drawn_rows(how, 1, units, ld);
  float *sums = floats(ld), *dslope = floats(ld);
  k->prelu(rows, units, y, kept, ld, slope, limit, &stats);
  hash_rows(y, rows, units, ld);
  hash_stats(&stats, units);
  float *dy = drawn_rows(how, rows, units, ld);
  k->prelu_backward(rows, units, dy, y, kept, ld, slope, limit, sums, dslope);
  hash_rows(dy, rows, units, ld);
  hash_floats(sums, units);
  hash_floats(dslope, units);
}

static void shares(const ck_kernels *k, taste how, int64_t units) {
  const int64_t ld = padded(units);
  for (int kind = ck_softmax; kind <= ck_log_softmax; kind++) {
    ck_unit_stats stats = new_stats(units);
    float *y = drawn_rows(how, rows, units, ld), *sums = floats(ld);
    k->softmax(kind, rows, units, y, ld, &stats);
    hash_rows(y, rows, units, ld);
    hash_stats(&stats, units);
    float *dy = drawn_rows(how, rows, units, ld);
    k->softmax_backward(kind, rows, units, dy, y, ld, sums);
    hash_rows(dy, rows, units, ld);
    hash_floats(sums, units);
  }
}

void gates_and_slopes(const ck_kernels *k, taste how) {
  for (int i = 0; i < width_count; i++) {
    for (int clipped = 0; clipped < 2; clipped++) {
      gates(k, how, widths[i], limits[clipped]);
      slopes(k, how, widths[i], limits[clipped]);
    }
    shares(k, how, widths[i]);
  }
}

void normalizations(const ck_kernels *k, taste how) {
  for (int i = 0; i < width_count; i++)
    for (int centred = 0; centred < 2; centred++) {
      const int64_t units = widths[i], ld = padded(units);
      float *z = drawn_rows(how, rows, units, ld), *gain = drawn_rows(how, 1, units, ld);
      float *offset = drawn_rows(how, 1, units, ld), *normalized = floats(rows * ld), *inverse = floats(rows);
      float *dgain = floats(ld), *sums = floats(ld);
      if (centred) k->layer_norm(rows, units, z, ld, gain, offset, normalized, inverse);
      else k->rms_norm(rows, units, z, ld, gain, normalized, inverse);
      hash_rows(z, rows, units, ld);
      hash_rows(normalized, rows, units, ld);
      hash_floats(inverse, rows);
      float *dz = drawn_rows(how, rows, units, ld);
      if (centred) k->layer_norm_backward(rows, units, dz, ld, gain, normalized, inverse, dgain, sums);
      else k->rms_norm_backward(rows, units, dz, ld, gain, normalized, inverse, dgain, sums);
      hash_rows(dz, rows, units, ld);
      hash_floats(dgain, units);
      hash_floats(sums, units);
    }
}

static void pairs(const ck_kernels *k, taste how, int64_t width) {
  enum { fields = 3 };
  const int64_t ld = padded(width), ldx = padded(fields * width + ck_lanes);
  float *x = drawn_rows(how, rows, fields * width, ldx), *sum = floats(rows * ld), *pooled = floats(rows * ld);
  float *dx = drawn_rows(how, rows, fields * width, ldx), *dpooled = drawn_rows(how, rows, width, ld);
  k->pair_rows(rows, fields, width, x, ldx, sum, pooled, ld);
  hash_rows(sum, rows, width, ld);
  hash_rows(pooled, rows, width, ld);
  k->pair_backward(rows, fields, width, x, ldx, sum, dpooled, ld, dx, ldx);
  hash_rows(dx, rows, fields * width, ldx);
}

void blends(const ck_kernels *k, taste how) {
  for (int i = 0; i < width_count; i++) {
    const int64_t units = widths[i], ld = padded(units);
    float *x0 = drawn_rows(how, rows, units, ld), *x = drawn_rows(how, rows, units, ld);
    float *u = drawn_rows(how, rows, units, ld), *dy = drawn_rows(how, rows, units, ld);
    float *y = floats(rows * ld), *du = floats(rows * ld), *sums = floats(ld), *labels = drawn(how, rows);
    k->cross_rows(rows, units, x0, ld, u, x, y, ld, ld);
    hash_rows(y, rows, units, ld);
    k->cross_backward(rows, units, dy, x0, ld, u, du, x, ld, sums);
    hash_rows(du, rows, units, ld);
    hash_rows(x, rows, units, ld);
    hash_floats(sums, units);
    k->add_rows(rows, units, x, ld, y, ld);
    hash_rows(y, rows, units, ld);
    k->penalize_outputs(rows, units, y, dy, ld, labels, 1, 0.02f, 0.05f);
    hash_rows(dy, rows, units, ld);
    uint64_t *keys = memory(rows * sizeof(uint64_t)), salt = draw_bits();
    for (int r = 0; r < rows; r++) keys[r] = draw_bits();
    k->dropout(rows, units, y, ld, keys, salt, 1u << 29, 4.0f / 3.0f);
    hash_rows(y, rows, units, ld);
    pairs(k, how, units);
  }
}
