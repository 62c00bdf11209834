// Losses, optimisers, and the kernels without a level.
#include "families.h"
#include <string.h>

enum { rows = 70, classes = 5 };

/// NaN for one row in ten, else a class below `count`, or a value (count 0).
static float *labels_of(int count, float least) {
  float *labels = floats(rows);
  for (int r = 0; r < rows; r++) {
    float value = count ? (float)(draw_bits() % count) : draw_unit() * 6.0f + least;
    labels[r] = draw_bits() % 10 == 0 ? __builtin_nanf("") : value;
  }
  return labels;
}

static ck_loss loss_of(ck_loss_kind kind, int count) {
  float *hit = floats(ck_lanes), *rest = floats(ck_lanes), total = 0.0f;
  for (int c = 0; c < count; c++) {
    float weight = 0.5f + draw_unit();
    hit[c] = kind == ck_focal ? weight : weight * 0.9f;
    rest[c] = kind == ck_focal ? 0.0f : weight * 0.1f / (float)count;
    total += rest[c];
  }
  return (ck_loss){kind, 1.5f, 0.8f, 0.3f, hit, rest, total};
}

void losses(const ck_kernels *k, taste how) {
  float *z = drawn(how, rows), *p = floats(rows * ck_lanes), *gradient = floats(rows * ck_lanes), *loss = floats(rows);
  float *logits = drawn_rows(how, rows, classes, ck_lanes), *binary = labels_of(2, 0.0f);
  float *labels = labels_of(classes, 0.0f), *values = labels_of(0, -3.0f), *counts = labels_of(0, 0.0f);
  k->binary_loss(rows, z, binary, p, gradient, loss);
  hash_floats(p, rows);
  hash_floats(gradient, rows);
  hash_floats(loss, rows);
  k->softmax_loss(rows, classes, logits, ck_lanes, labels, p, gradient, loss);
  hash_rows(p, rows, classes, ck_lanes);
  hash_rows(gradient, rows, classes, ck_lanes);
  hash_floats(loss, rows);
  for (int kind = ck_cross_entropy; kind <= ck_poisson; kind++) {
    ck_loss one = loss_of(kind, 2), several = loss_of(kind, classes);
    k->logit_loss(&one, rows, z, kind <= ck_focal ? binary : kind == ck_poisson ? counts : values, p, gradient, loss);
    hash_floats(p, rows);
    hash_floats(gradient, rows);
    hash_floats(loss, rows);
    if (kind > ck_focal) continue;
    k->class_loss(&several, rows, classes, logits, ck_lanes, labels, gradient, loss);
    hash_rows(gradient, rows, classes, ck_lanes);
    hash_floats(loss, rows);
  }
}

static ck_update update_of(ck_optimizer kind, int penalized) {
  const int is_adam = kind == ck_adam || kind == ck_amsgrad;
  return (ck_update){
    .inverse_count = 0.125f,
    .value_limit = penalized ? 0.2f : __builtin_inff(),
    .scale = 0.7f,
    .rate = 0.01f,
    .first = is_adam ? 0.1f : kind == ck_ftrl ? 10.0f : 0.9f,
    .second = 0.99f,
    .inverse_root_correction = 1.5f,
    .epsilon = kind == ck_ftrl ? 1.0f : 1e-8f,
    .l1 = penalized ? 0.01f : 0.0f,
    .l2 = penalized ? 0.02f : 0.0f,
    .keep = penalized ? 0.999f : 1.0f,
  };
}

/// Some steps of one optimiser, over `n` elements, and over rows of `width`.
static void steps(const ck_kernels *k, taste how, ck_optimizer kind, int penalized, int64_t n, int64_t width) {
  enum { step_count = 3, row_count = 40, touched = 20 };
  const ck_update u = update_of(kind, penalized);
  const int64_t elements = row_count * width;
  float *w = drawn(taste_tame, n), *table = drawn(taste_tame, elements);
  float *const states[3] = {floats(n), floats(n), floats(n)};
  float *const row_states[3] = {floats(elements), floats(elements), floats(elements)};
  uint32_t *picked = memory(touched * sizeof(uint32_t));
  for (int step = 0; step < step_count; step++) {
    double change = k->update(kind, n, w, drawn(how, n), states, &u);
    for (uint32_t i = 0; i < touched; i++) picked[i] = 2 * i + (uint32_t)(draw_bits() % 2);
    double row_change = k->update_rows(
      kind, touched, picked, width, table, row_states, drawn(how, touched * width), width, &u);
    hash_doubles(&change, 1);
    hash_doubles(&row_change, 1);
  }
  hash_floats(w, n);
  hash_floats(table, elements);
  for (int s = 0; s < 3; s++) {
    hash_floats(states[s], n);
    hash_floats(row_states[s], elements);
  }
}

void optimizers(const ck_kernels *k, taste how) {
  enum { inputs = 37, outputs = 45, n = 1040 };
  static const int64_t widths[] = {1, 3, 16, 23};
  for (int kind = ck_sgd; kind <= ck_lion; kind++)
    for (int penalized = 0; penalized < 2; penalized++)
      for (int i = 0; i < 4; i++) steps(k, how, kind, penalized, n, widths[i]);
  float *g = drawn(how, n), *gradient = drawn_panels(how, inputs, outputs), *w = drawn_panels(how, inputs, outputs);
  double squares[2] = {
    k->squared_norm(n, g, 0.125f, __builtin_inff()), k->squared_norm(n, g, 0.125f, 0.2f)};
  hash_doubles(squares, 2);
  int64_t clipped = k->clip_units(inputs, outputs, w, gradient, 0.125f, 0.3f, 0.05f, 1e-3f);
  hash_bytes(&clipped, sizeof clipped);
  hash_floats(gradient, inputs * padded(outputs));
}

void plain_functions(const ck_kernels *k, taste how) {
  enum { n = 1 << 16 };
  float *x = drawn(how, n), *y = floats(n);
  for (int i = 0; i < n; i++) x[i] = -__builtin_fabsf(x[i] * 10.0f);
  k->exp_nonpositive(n, x, y);
  hash_floats(y, n);
  for (int i = 0; i < n; i++) x[i] = draw_unit();
  k->log1p_unit(n, x, y);
  hash_floats(y, n);
}

void rounding(const ck_kernels *k, taste how) {
  // The last ones fill no vector of any level.
  enum { n = 4099, halves = n + 1 };
  float *x = drawn(how, n), *error = floats(n), *sum = drawn(how, n);
  uint16_t *rounded = memory(halves * sizeof(uint16_t));
  for (int step = 0; step < 3; step++) {
    k->round_with_error(n, x, error, rounded, error);
    // The sign of a NaN is the processor's.
    for (int i = 0; i < n; i++)
      if ((rounded[i] & 0x7fff) > 0x7f80) rounded[i] = 0x7fc0;
    hash_bytes(rounded, halves * sizeof(uint16_t));
    hash_floats(error, n);
    k->add_widened(n, rounded, sum);
    hash_floats(sum, n);
  }
  k->widen(n, rounded, x);
  hash_floats(x, n);
}

static void bags(taste how) {
  enum { width = 19, buckets = 30, slots = 4, ld = 32 };
  float *table = drawn(how, buckets * width), *x = floats(rows * ld), *weights = drawn(how, rows * slots);
  uint32_t *indices = memory(rows * slots * sizeof(uint32_t)), *all = memory(rows * slots * sizeof(uint32_t));
  int32_t *starts = memory((rows + 1) * sizeof(int32_t));
  for (int i = 0; i < rows * slots; i++) {
    all[i] = (uint32_t)(draw_bits() % buckets);
    indices[i] = draw_bits() % 3 == 0 ? ck_none : all[i];
  }
  for (int r = 0; r < rows; r++) starts[r + 1] = starts[r] + (int32_t)(draw_bits() % (slots + 1));
  ck_gather(rows, width, table, all, slots, x, ld);
  hash_rows(x, rows, width, ld);
  for (int combiner = 0; combiner < 3; combiner++) {
    ck_gather_bag(rows, width, table, indices, slots, slots, combiner, x, ld);
    hash_rows(x, rows, width, ld);
    float scale = ck_bag_scale(combiner, 3);
    hash_floats(&scale, 1);
  }
  ck_gather_weighted(rows, width, table, starts, all, weights, x, ld);
  hash_rows(x, rows, width, ld);
}

static void sorted_sums(taste how, int64_t n) {
  enum { width = 7, key_bits = 12 };
  const int64_t bytes = n * sizeof(uint32_t);
  uint32_t *keys = memory(bytes), *places = memory(bytes), *key_scratch = memory(bytes), *place_scratch = memory(bytes);
  uint32_t *found = memory(bytes);
  float *from = drawn(how, n * width), *weights = drawn(how, n), *sums = floats(n * width);
  for (int64_t i = 0; i < n; i++) {
    keys[i] = (uint32_t)(draw_bits() % (1u << key_bits)) / 16;
    places[i] = (uint32_t)i;
  }
  ck_sort_pairs(n, keys, places, key_scratch, place_scratch, key_bits);
  hash_bytes(keys, bytes);
  hash_bytes(places, bytes);
  int64_t distinct = ck_sum_rows(n, keys, places, width, from, width, 1000, found, sums);
  hash_bytes(found, distinct * sizeof(uint32_t));
  hash_floats(sums, distinct * width);
  distinct = ck_sum_weighted_rows(n, keys, places, places, weights, width, from, width, 2000, found, sums);
  hash_bytes(found, distinct * sizeof(uint32_t));
  hash_floats(sums, distinct * width);
}

void tables(const ck_kernels *k, taste how) {
  enum { n = 11, ld = 16, buckets = 64 };
  float *numbers = drawn(how, rows * n), *x = floats(rows * ld), limit[n], least[n], most[n];
  double mean[n], inverse[n], count[n], sum[n], square[n], outside[n];
  for (int i = 0; i < n; i++) {
    mean[i] = draw_unit();
    inverse[i] = 0.5 + draw_unit();
    limit[i] = i % 2 ? 1.5f : __builtin_inff();
    least[i] = i % 3 ? -0.75f : -__builtin_inff();
    most[i] = i % 3 ? 0.5f : __builtin_inff();
  }
  ck_standardize(rows, n, numbers, mean, inverse, limit, least, most, x, ld);
  hash_rows(x, rows, n, ld);
  ck_moments(rows, n, numbers, mean, least, most, count, sum, square, outside);
  hash_doubles(count, n);
  hash_doubles(sum, n);
  hash_doubles(square, n);
  hash_doubles(outside, n);
  // Any numbers ≥ 0 do as weights.
  float *weights = memory(rows * sizeof(float));
  for (int i = 0; i < rows; i++) weights[i] = 0.25f * (float)(i % 9);
  ck_weighted_moments(rows, n, numbers, weights, mean, least, most, count, sum, square, outside);
  hash_doubles(count, n);
  hash_doubles(sum, n);
  hash_doubles(square, n);
  hash_doubles(outside, n);
  int64_t *counts = memory(buckets * sizeof(int64_t));
  ck_bucket_counts sketch = {.counts = counts, .codes = memory(ck_code_room)};
  k->count_buckets(rows, n, x, ld, &sketch);
  for (int i = 0; i < 40; i++) k->count_buckets(1, rows * n, numbers, rows * n, &sketch);
  for (int64_t i = 0; i < sketch.waiting; i++) counts[sketch.codes[i]] += 1;
  hash_bytes(counts, buckets * sizeof(int64_t));
  bags(how);
  sorted_sums(how, 50);
  sorted_sums(how, 3000);
}
