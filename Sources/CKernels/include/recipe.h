// The inner loops of the recipe (docs/recipe.md): a record becomes a sparse list of rows and weights, members learn from
// it one record at a time. Everything here gives the same bits on every machine: IEEE arithmetic in one order, no
// functions of the mathematical library.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
  /// Units of a deep member's hidden layers; a row of its table is as wide as the first.
  ck_recipe_first = 64,
  ck_recipe_second = 32,
  /// Knots of a number with many values.
  ck_recipe_knots = 16,
  /// A number with at most so many different values is a category too.
  ck_recipe_values = 64,
  /// Of each number's values so many are kept, drawn uniformly; its knots are their quantiles.
  ck_recipe_sample = 1024,
  /// Rows of a number: its standardised value, its change, its knots.
  ck_recipe_number_rows = 2 + ck_recipe_knots,
  /// Places of one set of the memory's keys.
  ck_recipe_ways = 8,
  ck_recipe_outputs_max = 64,
};

/// How often, and where, a number was met.
typedef struct ck_number {
  /// Values met; when the knots are renewed next.
  int64_t seen, next;
  /// Of the values, each held within 20 deviations of the mean so far; `inverse` is 1 / deviation.
  double mean, squares, inverse;
  /// Different values, up to ck_recipe_values; knots, 0 before the first renewal.
  int32_t distinct, knots;
  /// There were more different values than are kept.
  int32_t is_many, padding;
} ck_number;

/// A table whose rows follow the functions over knots when these move.
typedef struct ck_recipe_table {
  float *rows;
  int64_t width;
} ck_recipe_table;

/// One category of a record: columns of the batch's categories.
typedef struct ck_recipe_category {
  /// Tells fields apart.
  uint64_t name;
  int64_t column, slots;
  /// Behind the slots there are as many columns with the high halves of hashes.
  int32_t has_hashes, padding;
  /// What rows 1 … n stand for, so that a value keeps its key wherever it is listed.
  const uint64_t *listed;
  int64_t listed_count;
} ck_recipe_category;

/// What turns records into inputs, and learns from them how. Memory is the caller's.
typedef struct ck_recipe {
  int64_t numbers, categories;
  /// Classes that labels are remembered of, and labels a record is made of: 1, or the number of classes.
  int64_t outputs, keyed_outputs;
  /// Fields with memory by key and changes: of the categories, then of the numbers.
  int64_t keyed_categories, keyed_numbers;
  int32_t is_regression, is_multiclass;
  /// Which parts are left out: `ck_recipe_without…`.
  uint32_t without;
  /// Of a pair of fields so many bits are its row.
  uint32_t cross_mask;
  uint64_t seed;
  const uint64_t *number_names;
  const ck_recipe_category *category;

  ck_number *number;
  float *knot;    // [numbers × knots], ascending
  float *value;   // [numbers × values], as met
  float *sample;  // [numbers × sample]
  int64_t *present;  // by number: records that had it
  /// [0]: records met. [1]: records that the features' statistics are of.
  int64_t *counts;
  /// By memory feature: mean, sum of squared deviations, 1 / deviation.
  double *feature_mean, *feature_squares, *feature_inverse;

  /// Rows by key: `slots` open addressing of place + 1 (0: free), `mask` + 1 of them; keys in the order of the rows.
  uint64_t *row_keys;
  uint32_t *row_slots;
  uint64_t row_mask;
  /// Rows in use, rows that there may be; the first `row_first` have no key.
  int64_t *row_count;
  int64_t row_first, row_most;

  const ck_recipe_table *tables;
  int64_t table_count;
} ck_recipe;

enum {
  ck_recipe_without_memory = 1,
  ck_recipe_without_keys = 2,
  ck_recipe_without_values = 4,
  ck_recipe_without_knots = 8,
  ck_recipe_without_changes = 16,
  ck_recipe_without_crosses = 32,
};

/// What the stream has said: of all versions, as it is now. Memory is the caller's.
typedef struct ck_recipe_memory {
  /// [0]: labels met. [1]: updates of keys. [2]: keys in use. [3]: keys that gave way to others.
  int64_t *counts;
  /// By output: the mean of all labels, then decayed means at three rates; then the last three labels.
  double *means;
  /// By number: its last value, NaN before; its knots, and how many they are: 0 none yet, −1 its values are keys themselves.
  float *last, *knot;
  int32_t *knots;
  /// Sets of ck_recipe_ways keys; 0: free. By place: when it was met last, and `width` floats: how often, slow means, fast means,
  /// last labels.
  uint64_t *keys;
  int64_t *times;
  float *values;
  int64_t sets, width;
} ck_recipe_memory;

/// A record as inputs. Memory is the caller's: rows, weights and keys of as many as the form says.
typedef struct ck_recipe_record {
  uint32_t *rows;   // ck_none: a row that nothing was learned in yet
  float *weights;
  uint64_t *keys;   // of each row, 0 where it has none
  /// The features of memory before they are standardised, and the fields' keys: 0, the field is not there.
  double *features;
  uint64_t *primary;
  uint32_t *crosses;
  /// Inputs, and how many of them come before those of memory; hashed pairs.
  int64_t count, plain, cross_count;
  /// Neither value nor label: it says nothing.
  int32_t is_empty, padding;
} ck_recipe_record;

/// Inputs of a record by what is known so far; nothing is learned.
void ck_recipe_encode(
  const ck_recipe *r, const ck_recipe_memory *m, const float *numbers, const uint32_t *categories,
  ck_recipe_record *record);
/// Gives rows to those of a record's keys that have none. The caller has made room in tables and slots for `count` more.
void ck_recipe_add_rows(const ck_recipe *r, ck_recipe_record *record);
/// Takes up a record's numbers and features: statistics, samples and knots, with the functions over them.
void ck_recipe_see(const ck_recipe *r, const ck_recipe_memory *m, const float *numbers, const ck_recipe_record *record);
/// Takes up a label: 0 or 1, the class, or the value.
void ck_recipe_remember(const ck_recipe *r, const ck_recipe_memory *m, const ck_recipe_record *record, double label);
/// Takes up what a record without a label says: its numbers' last values.
void ck_recipe_note(const ck_recipe *r, const ck_recipe_memory *m, const float *numbers);
/// The place of a key in the memory, or −1.
int64_t ck_recipe_find_key(const ck_recipe_memory *m, uint64_t key);
/// Puts a key of another memory, with its time and values, where it belongs; by order of their times.
int64_t ck_recipe_place_key(const ck_recipe_memory *m, uint64_t key);
/// The row of a key, or ck_none.
uint32_t ck_recipe_find_row(const ck_recipe *r, uint64_t key);
/// Enters all keys of rows into cleared slots.
void ck_recipe_index_rows(const ck_recipe *r);
/// Tells what two numbers name.
uint64_t ck_recipe_mix(uint64_t a, uint64_t b);
/// The key of a category's value.
uint64_t ck_recipe_category_key(uint64_t name, uint64_t value);
/// The key of a number's value, as the memory knows it; 0: it has none.
uint64_t ck_recipe_number_key(const ck_recipe *r, const ck_recipe_memory *m, int64_t number, float value);
/// Fills rows `first ..< end` of table `table`, a deep member's: uniform, deviation 0.05, by the rows' keys or numbers.
void ck_recipe_begin_rows(const ck_recipe *r, int64_t first, int64_t end, int64_t table, float *rows);

/// A deep member: Σ weight · row → ReLU 64 → ReLU 32 → outputs.
typedef struct ck_deep {
  int64_t outputs;
  /// [rows × 64], and the sum of squares of each row.
  float *rows, *sums;
  /// Second layer [32][64] and its bias [32], then output [outputs][32] and its bias [outputs rounded up to 16]; of each what
  /// Adam keeps.
  float *dense, *mean, *square;
} ck_deep;

/// One update of a deep member.
typedef struct ck_deep_rates {
  /// Adam: η / (1 − β₁ᵗ), 1 / √(1 − β₂ᵗ). Adagrad of the rows: η.
  float dense, root, row;
} ck_deep_rates;

/// Values of a record on its way: first layer before and after its ReLU, second layer, 16 floats each.
enum { ck_deep_values = 2 * ck_recipe_first + ck_recipe_second };

/// A linear member: one weight a row and output, and hashed pairs.
typedef struct ck_wide {
  int64_t outputs;
  float *rows, *sums;        // [rows × outputs]
  float *crosses, *squares;  // [crosses × outputs]
} ck_wide;

enum { ck_point_places = 64, ck_near_most = 10 };
typedef enum ck_near_kind { ck_near_binary = 0, ck_near_classes = 1, ck_near_values = 2 } ck_near_kind;

/// The last records as points in one space, and their labels.
typedef struct ck_near {
  ck_near_kind kind;
  int64_t outputs, count, label_stride;
  const int8_t *codes;  // blocks of 16 points: [places / 2][16][2]
  const float *labels;
  /// By output: the mean of all labels. Of values: what is subtracted, and 1 / deviation.
  const double *means;
  float center, inverse;
  /// How quickly weights fall with the distance.
  float sharpness[2];
} ck_near;

/// A place of each number becomes a whole one, 12 to the unit and 127 at most.
void ck_point_code(const float *x, int8_t *code);
void ck_point_put(int8_t *codes, int64_t place, const int8_t *code);
/// A record as a point: numbers with many values standardised, other fields' keys with a sign.
void ck_recipe_point(const ck_recipe *r, const float *numbers, const ck_recipe_record *record, float *at);

void ck_wide_forward(const ck_wide *w, const ck_recipe_record *record, float *out);
/// `scratch`: as many floats as inputs and crosses together, twice.
void ck_wide_learn(
  const ck_wide *w, const ck_recipe_record *record, const float *gradient, float rate, float *scratch);
