// The recipe: deep members on drawn tables, and records that are encoded, learned and remembered.
#include "families.h"
#include <string.h>

enum { numbers = 3, rows = 400, fields = 5, width = 1 + 3, sets = 64 };

static void deep_members(const ck_kernels *k, taste how, int64_t outputs) {
  enum { inputs = 37, table_rows = 60 };
  int64_t dense = ck_recipe_second * (ck_recipe_first + 1) + outputs * ck_recipe_second + padded(outputs);
  ck_deep m = {
    .outputs = outputs, .rows = drawn(how, table_rows * ck_recipe_first), .sums = floats(table_rows),
    .dense = drawn(taste_tame, dense), .mean = floats(dense), .square = floats(dense)};
  for (int64_t i = outputs; i < padded(outputs); i++) m.dense[dense - padded(outputs) + i] = 0;
  ck_deep_rates rates = {.dense = 0.01f, .root = 1.5f, .row = 0.05f};
  uint32_t *picked = memory(inputs * sizeof(uint32_t));
  float *values = floats(ck_deep_values), *out = floats(padded(outputs)), *scratch = floats(padded(inputs));
  for (int step = 0; step < 3; step++) {
    for (int i = 0; i < inputs; i++) picked[i] = (uint32_t)(draw_bits() % table_rows);
    float *weights = drawn(how, inputs), *gradient = drawn(taste_tame, outputs);
    k->deep_forward(&m, inputs, picked, weights, values, out);
    hash_floats(values, ck_deep_values);
    hash_floats(out, outputs);
    k->deep_learn(&m, inputs, picked, weights, values, gradient, &rates, scratch);
    hash_floats(m.rows, table_rows * ck_recipe_first);
    hash_floats(m.dense, dense);
  }
}

/// A stream of drawn records: what becomes of statistics, knots, keys, memory and a linear member.
static void records(taste how) {
  enum { features = 3 + fields * 3, first = 1 + numbers * ck_recipe_number_rows + features, most = first + 1024 };
  enum { inputs = 1 + 2 + 4 * numbers + numbers + features + 3, crosses = fields * (fields - 1) / 2, slots = 4096 };
  uint64_t names[numbers] = {11, 22, 33};
  ck_recipe_category category[2] = {
    {.name = 44, .column = 0, .slots = 1, .has_hashes = 1}, {.name = 55, .column = 2, .slots = 1}};
  ck_number *number = memory(numbers * sizeof *number);
  float *table = floats(most * ck_recipe_first);
  ck_recipe_table tables[1] = {{table, ck_recipe_first}};
  int64_t *present = memory(numbers * sizeof(int64_t)), *counts = memory(2 * sizeof(int64_t));
  int64_t *row_count = memory(sizeof(int64_t)), *seen = memory(4 * sizeof(int64_t));
  *row_count = first;
  ck_recipe r = {
    .numbers = numbers, .categories = 2, .outputs = 1, .keyed_outputs = 1, .keyed_categories = 2,
    .keyed_numbers = numbers, .cross_mask = 255, .seed = 7, .number_names = names, .category = category,
    .number = number, .knot = floats(numbers * ck_recipe_knots),
    .value = floats(numbers * ck_recipe_values), .sample = floats(numbers * ck_recipe_sample), .present = present,
    .counts = counts, .feature_mean = memory(features * 8), .feature_squares = memory(features * 8),
    .feature_inverse = memory(features * 8), .row_keys = memory(most * 8), .row_slots = memory(slots * 4),
    .row_mask = slots - 1, .row_count = row_count, .row_first = first, .row_most = most, .tables = tables,
    .table_count = 1};
  ck_recipe_memory m = {
    .counts = seen, .means = memory(7 * 8), .last = floats(numbers), .knot = floats(numbers * ck_recipe_knots),
    .knots = memory(numbers * sizeof(int32_t)), .keys = memory(sets * ck_recipe_ways * 8),
    .times = memory(sets * ck_recipe_ways * 8), .values = floats(sets * ck_recipe_ways * width), .sets = sets,
    .width = width};
  ck_recipe_record record = {
    .rows = memory(inputs * 4), .weights = floats(inputs), .keys = memory(inputs * 8), .features = memory(features * 8),
    .primary = memory(fields * 8), .crosses = memory(crosses * 4)};
  ck_wide wide = {1, floats(most), floats(most), floats(256), floats(256)};
  float *scratch = floats(2 * (inputs + crosses)), out = 0;
  ck_recipe_begin_rows(&r, 0, first, 0, table);
  for (int row = 0; row < rows; row++) {
    float *values = drawn(how, numbers);
    values[1] = (float)(draw_bits() % 3);
    uint32_t columns[3] = {(uint32_t)(draw_bits() % 50), 1, (uint32_t)(draw_bits() % 4)};
    ck_recipe_encode(&r, &m, values, columns, &record);
    hash_floats(record.weights, record.count);
    hash_bytes(record.keys, record.count * 8);
    ck_wide_forward(&wide, &record, &out);
    hash_floats(&out, 1);
    ck_recipe_add_rows(&r, &record);
    hash_bytes(record.rows, record.count * 4);
    ck_recipe_see(&r, &m, values, &record);
    ck_recipe_remember(&r, &m, &record, (double)(draw_bits() % 2));
    float gradient = draw_unit() - 0.5f;
    ck_wide_learn(&wide, &record, &gradient, 0.1f, scratch);
  }
  hash_floats(table, most * ck_recipe_first);
  hash_floats(m.values, sets * ck_recipe_ways * width);
  hash_doubles(m.means, 7);
}

static void neighbours(const ck_kernels *k, taste how, ck_near_kind kind, int64_t outputs) {
  enum { points = 75 };
  int8_t *codes = memory(padded(points) * ck_point_places), code[ck_point_places];
  int32_t *distances = memory(padded(points) * 4);
  float *labels = floats(2 * points), *out[2] = {floats(padded(outputs)), floats(padded(outputs))};
  double *means = memory(outputs * 8);
  for (int64_t k = 0; k < outputs; k++) means[k] = 1.0 / (double)outputs;
  for (int point = 0; point < points; point++) {
    ck_point_code(drawn(how, ck_point_places), code);
    ck_point_put(codes, point, code);
    labels[2 * point] = (float)(draw_bits() % (uint64_t)(outputs > 1 ? outputs : 2));
  }
  hash_bytes(codes, padded(points) * ck_point_places);
  ck_near n = {kind, outputs, 0, 2, codes, labels, means, 0.5f, 2.0f, {3, 10}};
  for (n.count = 0; n.count <= points; n.count += 15) {
    ck_point_code(drawn(how, ck_point_places), code);
    k->near_outputs(&n, code, distances, out);
    hash_bytes(distances, padded(n.count) * 4);
    hash_floats(out[0], outputs);
    hash_floats(out[1], outputs);
  }
}

void recipes(const ck_kernels *k, taste how) {
  deep_members(k, how, 1);
  deep_members(k, how, 5);
  deep_members(k, how, 19);
  records(how);
  neighbours(k, how, ck_near_binary, 1);
  neighbours(k, how, ck_near_values, 1);
  neighbours(k, how, ck_near_classes, 5);
}
