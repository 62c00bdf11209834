// The linear member of the recipe: Adagrad, each weight its own sum of squares.
#include "CKernels.h"

void ck_wide_forward(const ck_wide *w, const ck_recipe_record *record, float *out) {
  for (int64_t k = 0; k < w->outputs; k++) {
    float sum = 0, pairs = 0;
    for (int64_t i = 0; i < record->count; i++)
      if (record->rows[i] != ck_none) sum += record->weights[i] * w->rows[record->rows[i] * w->outputs + k];
    for (int64_t i = 0; i < record->cross_count; i++) pairs += w->crosses[record->crosses[i] * w->outputs + k];
    float scale = 1 / __builtin_sqrtf(record->cross_count > 0 ? (float)record->cross_count : 1);
    out[k] = sum + scale * pairs;
  }
}

void ck_wide_learn(
  const ck_wide *w, const ck_recipe_record *record, const float *gradient, float rate, float *scratch) {
  float scale = 1 / __builtin_sqrtf(record->cross_count > 0 ? (float)record->cross_count : 1), begin = 0.1f;
  float *step = scratch, *sums = scratch + record->count + record->cross_count;
  for (int64_t k = 0; k < w->outputs; k++) {
    // First all sums, then all steps, then all weights: what divides is one plain loop, and a row that comes twice has
    // one order.
    for (int64_t i = 0; i < record->count; i++) {
      step[i] = gradient[k] * record->weights[i];
      sums[i] = w->sums[record->rows[i] * w->outputs + k] += step[i] * step[i];
    }
    for (int64_t i = 0; i < record->count; i++) step[i] = rate * step[i] / __builtin_sqrtf(sums[i] + begin);
    for (int64_t i = 0; i < record->count; i++) w->rows[record->rows[i] * w->outputs + k] -= step[i];
    float pair = gradient[k] * scale, square = pair * pair, first = begin * scale * scale;
    for (int64_t i = 0; i < record->cross_count; i++)
      sums[i] = w->squares[record->crosses[i] * w->outputs + k] += square;
    for (int64_t i = 0; i < record->cross_count; i++) step[i] = rate * pair / __builtin_sqrtf(sums[i] + first);
    for (int64_t i = 0; i < record->cross_count; i++) w->crosses[record->crosses[i] * w->outputs + k] -= step[i];
  }
}
