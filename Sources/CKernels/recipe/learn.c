// What a record leaves behind: the statistics of its numbers, and what it says of labels by key.
#include "keys.h"

static const double wild_from = 64, wild_beyond = 20, slow_least = 0.1;
static const double decays[3] = {0.3, 0.05, 0.01};

/// Takes a value into running moments. The deviation's inverse costs a division and a root, and hardly moves any more.
static void see(double count, double *mean, double *squares, double *inverse, double value) {
  double off = value - *mean;
  *mean += off / count;
  *squares += off * (value - *mean);
  if (count >= 512 && (int64_t)count % 16) return;
  double deviation = count > 1 ? __builtin_sqrt(*squares / count) : 1;
  *inverse = 1 / (deviation < 1e-12 ? 1 : deviation);
}

static void sort_floats(float *values, int count) {
  // Shell's method with Ciura's gaps: no memory, one order, quick enough for a thousand.
  static const int gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};
  for (int g = 0; g < (int)(sizeof gaps / sizeof *gaps); g++)
    for (int i = gaps[g]; i < count; i++) {
      float value = values[i];
      int place = i;
      while (place >= gaps[g] && values[place - gaps[g]] > value) {
        values[place] = values[place - gaps[g]];
        place -= gaps[g];
      }
      values[place] = value;
    }
}

/// The rows of the knots become the same function at other knots.
static void move_rows(
  float *rows, int64_t width, const float *before, int before_count, const float *after, int after_count) {
  float old[ck_recipe_knots][64];
  for (int64_t first = 0; first < width; first += 64) {
    int64_t live = width - first < 64 ? width - first : 64;
    for (int j = 0; j < before_count; j++)
      for (int64_t i = 0; i < live; i++) old[j][i] = rows[j * width + first + i];
    for (int j = 0; j < after_count; j++) {
      float share;
      int place = place_of(before, before_count, after[j], &share);
      for (int64_t i = 0; i < live; i++)
        rows[j * width + first + i] = (1 - share) * old[place][i] + share * old[place + 1][i];
    }
  }
}

/// New knots at the quantiles of the sample.
static void renew_knots(const ck_recipe *r, int64_t f) {
  ck_number *q = &r->number[f];
  float sorted[ck_recipe_sample], knot[ck_recipe_knots];
  int count = q->seen < ck_recipe_sample ? (int)q->seen : ck_recipe_sample, knots = 0;
  __builtin_memcpy(sorted, r->sample + f * ck_recipe_sample, (size_t)count * sizeof *sorted);
  sort_floats(sorted, count);
  for (int i = 0; i < ck_recipe_knots; i++) {
    float value = sorted[(2 * i * (count - 1) + ck_recipe_knots - 1) / (2 * (ck_recipe_knots - 1))];
    if (!knots || value > knot[knots - 1]) knot[knots++] = value;
  }
  if (knots < 2) return;
  float *own = r->knot + f * ck_recipe_knots;
  if (q->knots)
    for (int64_t t = 0; t < r->table_count; t++) {
      int64_t width = r->tables[t].width;
      move_rows(r->tables[t].rows + (3 + f * ck_recipe_number_rows) * width, width, own, q->knots, knot, knots);
    }
  __builtin_memcpy(own, knot, (size_t)knots * sizeof *own);
  q->knots = knots;
}

static void see_number(const ck_recipe *r, int64_t f, float value) {
  ck_number *q = &r->number[f];
  r->present[f]++;
  q->seen++;
  double taken = value;
  // One wild value does not decide what is usual; many that stay do.
  if (q->seen > wild_from && q->inverse > 0) taken = q->mean + held(value - q->mean, wild_beyond / q->inverse);
  see((double)q->seen, &q->mean, &q->squares, &q->inverse, taken);
  if (!q->is_many) {
    float *values = r->value + f * ck_recipe_values;
    int place = 0;
    while (place < q->distinct && values[place] != value) place++;
    if (place == q->distinct) {
      if (q->distinct < ck_recipe_values) values[q->distinct++] = value;
      else q->is_many = 1;
    }
  }
  // Vitter 1985, "Random sampling with a reservoir", algorithm R, with numbers that the count decides.
  int64_t slot = q->seen - 1;
  if (slot >= ck_recipe_sample) slot = (int64_t)(mix(r->number_names[f], (uint64_t)q->seen) % (uint64_t)q->seen);
  if (slot < ck_recipe_sample) r->sample[f * ck_recipe_sample + slot] = value;
  if (q->seen < q->next) return;
  q->next = q->next ? q->next * 2 : ck_recipe_values;
  if (q->seen >= ck_recipe_values) renew_knots(r, f);
}

void ck_recipe_note(const ck_recipe *r, const ck_recipe_memory *m, const float *numbers) {
  for (int64_t f = 0; f < r->numbers; f++) {
    const ck_number *q = &r->number[f];
    if (is_given(numbers[f])) m->last[f] = numbers[f];
    m->knots[f] = q->is_many || (r->without & ck_recipe_without_values) ? q->knots : -1;
    __builtin_memcpy(
      m->knot + f * ck_recipe_knots, r->knot + f * ck_recipe_knots, sizeof(float) * ck_recipe_knots);
  }
}

void ck_recipe_see(
  const ck_recipe *r, const ck_recipe_memory *m, const float *numbers, const ck_recipe_record *record) {
  r->counts[0]++;
  for (int64_t f = 0; f < r->numbers; f++)
    if (is_given(numbers[f])) see_number(r, f, numbers[f]);
  ck_recipe_note(r, m, numbers);
  if (r->without & ck_recipe_without_memory) return;
  int64_t features = 3 * r->outputs + (r->is_regression ? 3 : 0)
    + (r->keyed_categories + r->keyed_numbers) * 3 * r->keyed_outputs;
  double count = (double)++r->counts[1];
  for (int64_t i = 0; i < features; i++) {
    double off = record->features[i] - r->feature_mean[i];
    r->feature_mean[i] += off / count;
    r->feature_squares[i] += off * (record->features[i] - r->feature_mean[i]);
  }
  if (count >= 512 && r->counts[1] % 16) return;
  for (int64_t i = 0; i < features; i++) {
    double deviation = count > 1 ? __builtin_sqrt(r->feature_squares[i] / count) : 1;
    r->feature_inverse[i] = 1 / (deviation < 1e-12 ? 1 : deviation);
  }
}

int64_t ck_recipe_place_key(const ck_recipe_memory *m, uint64_t key) {
  int64_t first = (int64_t)(key & (uint64_t)(m->sets - 1)) * ck_recipe_ways, oldest = first;
  for (int way = 0; way < ck_recipe_ways; way++) {
    if (m->keys[first + way] == key) return first + way;
    if (!m->keys[first + way]) {
      m->counts[2]++;
      m->keys[first + way] = key;
      return first + way;
    }
    if (m->times[first + way] < m->times[oldest]) oldest = first + way;
  }
  m->counts[3]++;
  m->keys[oldest] = key;
  for (int64_t i = 0; i < m->width; i++) m->values[oldest * m->width + i] = 0;
  return oldest;
}

void ck_recipe_remember(
  const ck_recipe *r, const ck_recipe_memory *m, const ck_recipe_record *record, double label) {
  int64_t outputs = r->outputs, kept = r->keyed_outputs;
  double share = 1 / (double)++m->counts[0], *recent = m->means + 4 * outputs;
  for (int64_t k = 0; k < outputs; k++) {
    double value = r->is_multiclass ? k == (int64_t)label : label;
    m->means[k] += share * (value - m->means[k]);
    for (int e = 0; e < 3; e++) {
      double *mean = &m->means[(1 + e) * outputs + k];
      *mean += (decays[e] > share ? decays[e] : share) * (value - *mean);
    }
  }
  recent[2] = recent[1];
  recent[1] = recent[0];
  recent[0] = label;
  if (!kept) return;
  int64_t now = ++m->counts[1];
  for (int64_t f = 0; f < r->keyed_categories + r->keyed_numbers; f++) {
    if (!record->primary[f]) continue;
    int64_t place = ck_recipe_place_key(m, record->primary[f]);
    float *known = m->values + place * m->width;
    m->times[place] = now;
    known[0] += known[0] < 1e6f;
    double one = 1 / (double)known[0], fast = one > slow_least ? one : slow_least;
    for (int64_t k = 0; k < kept; k++) {
      double value = r->is_multiclass ? k == (int64_t)label : label;
      known[1 + k] += (float)((value - known[1 + k]) * one);
      known[1 + kept + k] += (float)((value - known[1 + kept + k]) * fast);
      known[1 + 2 * kept + k] = (float)value;
    }
  }
}
