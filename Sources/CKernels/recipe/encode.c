// A record becomes a sparse list of (row, weight), by what is known before it.
#include "keys.h"

static const double input_limit = 5, memory_scale = 0.5, most_squares = 8, shrink = 5;

uint64_t ck_recipe_mix(uint64_t a, uint64_t b) { return mix(a, b); }
uint64_t ck_recipe_category_key(uint64_t name, uint64_t value) { return key_of(name, kind_category, value); }

uint32_t ck_recipe_find_row(const ck_recipe *r, uint64_t key) {
  for (uint64_t slot = key & r->row_mask; r->row_slots[slot]; slot = (slot + 1) & r->row_mask)
    if (r->row_keys[r->row_slots[slot] - 1] == key) return r->row_slots[slot] - 1;
  // Where all rows are taken, who has none shares one.
  if (*r->row_count < r->row_most) return ck_none;
  return (uint32_t)(r->row_first + (int64_t)(key >> 20) % (r->row_most - r->row_first));
}

static void enter_row(const ck_recipe *r, uint32_t row) {
  uint64_t slot = r->row_keys[row] & r->row_mask;
  while (r->row_slots[slot]) slot = (slot + 1) & r->row_mask;
  r->row_slots[slot] = row + 1;
}

void ck_recipe_index_rows(const ck_recipe *r) {
  for (int64_t row = r->row_first; row < *r->row_count; row++) enter_row(r, (uint32_t)row);
}

void ck_recipe_add_rows(const ck_recipe *r, ck_recipe_record *record) {
  for (int64_t i = 0; i < record->count; i++) {
    if (record->rows[i] != ck_none) continue;
    uint32_t row = ck_recipe_find_row(r, record->keys[i]);
    if (row == ck_none) {
      row = (uint32_t)(*r->row_count)++;
      r->row_keys[row] = record->keys[i];
      enter_row(r, row);
      for (int64_t t = 0; t < r->table_count; t++)
        if (r->tables[t].width == ck_recipe_first) ck_recipe_begin_rows(r, row, row + 1, t, r->tables[t].rows);
    }
    record->rows[i] = row;
  }
}

void ck_recipe_begin_rows(const ck_recipe *r, int64_t first, int64_t end, int64_t table, float *rows) {
  const float reach = 0.05f * 1.7320508f;
  for (int64_t row = first; row < end; row++) {
    uint64_t key = mix(r->seed + (uint64_t)table, row < r->row_first ? (uint64_t)row : r->row_keys[row]);
    for (int64_t j = 0; j < ck_recipe_first; j += 2) {
      uint64_t bits = mix(key, (uint64_t)j);
      for (int half = 0; half < 2; half++) {
        float unit = (float)(bits >> (32 * half) & 0xffffff) * (1.0f / (1 << 24));
        rows[row * ck_recipe_first + j + half] = (2 * unit - 1) * reach;
      }
    }
  }
}

int64_t ck_recipe_find_key(const ck_recipe_memory *m, uint64_t key) {
  int64_t first = (int64_t)(key & (uint64_t)(m->sets - 1)) * ck_recipe_ways;
  for (int way = 0; way < ck_recipe_ways; way++)
    if (m->keys[first + way] == key) return first + way;
  return -1;
}

uint64_t ck_recipe_number_key(const ck_recipe *r, const ck_recipe_memory *m, int64_t number, float value) {
  if (!is_given(value)) return 0;
  if (m->knots[number] < 0) return key_of(r->number_names[number], kind_value, value_bits(value));
  if (m->knots[number] < 2) return 0;
  float share;
  int place = place_of(m->knot + number * ck_recipe_knots, m->knots[number], value, &share);
  return key_of(r->number_names[number], kind_bin, (uint64_t)(place + (share > 0.5f)));
}

/// Inputs so far, and what comes behind them.
typedef struct sink {
  const ck_recipe *r;
  ck_recipe_record *to;
  double squares;
} sink;

static inline void add_row(sink *s, uint32_t row, double weight) {
  int64_t at = s->to->count++;
  float w = (float)weight;
  s->to->rows[at] = row;
  s->to->weights[at] = w;
  s->to->keys[at] = 0;
  s->squares += (double)w * w;
}

static inline void add_key(sink *s, uint64_t key, double weight) {
  int64_t at = s->to->count;
  add_row(s, ck_recipe_find_row(s->r, key), weight);
  s->to->keys[at] = key;
}

/// What a column says, whatever else is listed.
static inline uint64_t value_of(const ck_recipe_category *field, uint64_t low, uint64_t high) {
  if (high) return high << 32 | low;
  if (low <= (uint64_t)field->listed_count) return field->listed[low - 1];
  return low - (uint64_t)field->listed_count;
}

static void add_categories(sink *s, const uint32_t *categories, int64_t *given) {
  const ck_recipe *r = s->r;
  for (int64_t c = 0; c < r->categories; c++) {
    const ck_recipe_category *field = &r->category[c];
    const uint32_t *low = categories + field->column, *high = low + field->slots;
    int64_t count = 0;
    for (int64_t i = 0; i < field->slots; i++)
      count += low[i] != ck_none && (low[i] || (field->has_hashes && high[i]));
    double weight = count > 1 ? 1 / __builtin_sqrt((double)count) : 1;
    uint64_t key = 0;
    for (int64_t i = 0; i < field->slots; i++) {
      uint64_t top = field->has_hashes ? high[i] : 0;
      if (low[i] == ck_none || !(low[i] || top)) continue;
      key = key_of(field->name, kind_category, value_of(field, low[i], top));
      add_key(s, key, weight);
    }
    // Of a list no single value stands for the record.
    if (c < r->keyed_categories) s->to->primary[c] = count == 1 && field->slots == 1 ? key : 0;
    *given += count;
  }
}

/// Of the few values that a number has had the one that is nearest: weights that were frozen before a month began answer as in the
/// last one that they know, and do not follow a line to where it was never learned.
static float nearest_value(const ck_recipe *r, int64_t f, float value) {
  const float *known = r->value + f * ck_recipe_values;
  int best = 0;
  for (int j = 1; j < r->number[f].distinct; j++)
    if (__builtin_fabsf(known[j] - value) < __builtin_fabsf(known[best] - value)) best = j;
  return known[best];
}

static void add_numbers(sink *s, const ck_recipe_memory *m, const float *numbers, int64_t *given) {
  const ck_recipe *r = s->r;
  for (int64_t f = 0; f < r->numbers; f++) {
    const ck_number *q = &r->number[f];
    float value = numbers[f];
    uint32_t own = (uint32_t)(1 + f * ck_recipe_number_rows);
    int is_there = is_believed(q, value);
    if (f < r->keyed_numbers)
      s->to->primary[r->keyed_categories + f] = is_there ? ck_recipe_number_key(r, m, f, value) : 0;
    if (!is_there) {
      if (q->distinct > 1 && r->present[f] >= r->counts[0] / 20)
        add_key(s, key_of(r->number_names[f], kind_absent, 0), 1);
      continue;
    }
    ++*given;
    int many = q->is_many || (r->without & ck_recipe_without_values);
    if (!many) {
      uint64_t key = key_of(r->number_names[f], kind_value, value_bits(value));
      if (q->distinct > 1 && ck_recipe_find_row(r, key) == ck_none) {
        value = nearest_value(r, f, value);
        key = key_of(r->number_names[f], kind_value, value_bits(value));
      }
      add_key(s, key, 1);
    }
    if (q->distinct > 1) add_row(s, own, held((value - q->mean) * q->inverse, input_limit));
    if (many && q->knots && !(r->without & ck_recipe_without_knots)) {
      float share;
      int place = place_of(r->knot + f * ck_recipe_knots, q->knots, value, &share);
      add_row(s, own + 2 + (uint32_t)place, 1 - share);
      add_row(s, own + 3 + (uint32_t)place, share);
    }
  }
}

static void add_changes(sink *s, const ck_recipe_memory *m, const float *numbers) {
  const ck_recipe *r = s->r;
  for (int64_t f = 0; f < r->keyed_numbers; f++) {
    const ck_number *q = &r->number[f];
    float value = numbers[f], last = m->last[f];
    if (q->seen < 2 || q->distinct < 2 || !is_believed(q, value) || last != last) continue;
    double change = ((double)value - last) * q->inverse;
    add_row(s, (uint32_t)(2 + f * ck_recipe_number_rows), memory_scale * held(change, input_limit));
  }
}

/// The features of memory as they are, one behind the other.
static void read_memory(const ck_recipe *r, const ck_recipe_memory *m, ck_recipe_record *to) {
  int64_t outputs = r->outputs, kept = r->keyed_outputs, at = 0;
  const double *slow = m->means, *recent = m->means + 4 * outputs;
  for (int64_t i = 0; i < 3 * outputs; i++) to->features[at++] = m->means[outputs + i];
  if (r->is_regression)
    for (int i = 0; i < 3; i++) to->features[at++] = recent[i];
  for (int64_t f = 0; f < r->keyed_categories + r->keyed_numbers && kept; f++) {
    int64_t place = to->primary[f] ? ck_recipe_find_key(m, to->primary[f]) : -1;
    const float *known = m->values + place * m->width;
    for (int64_t k = 0; k < kept; k++, at += 3) {
      if (place < 0) to->features[at] = to->features[at + 1] = to->features[at + 2] = slow[k];
      else {
        to->features[at] = (known[1 + k] * (double)known[0] + shrink * slow[k]) / (known[0] + shrink);
        to->features[at + 1] = known[1 + kept + k];
        to->features[at + 2] = known[1 + 2 * kept + k];
      }
    }
  }
}

static void add_memory(sink *s, const ck_recipe_memory *m) {
  const ck_recipe *r = s->r;
  ck_recipe_record *to = s->to;
  read_memory(r, m, to);
  uint32_t first = (uint32_t)(1 + r->numbers * ck_recipe_number_rows);
  int64_t count = 3 * r->outputs + (r->is_regression ? 3 : 0);
  if (!(r->without & ck_recipe_without_keys))
    count += (r->keyed_categories + r->keyed_numbers) * 3 * r->keyed_outputs;
  for (int64_t i = 0; i < count; i++) {
    double off = (to->features[i] - r->feature_mean[i]) * r->feature_inverse[i];
    add_row(s, first + (uint32_t)i, memory_scale * held(off, input_limit));
  }
  if (r->is_regression) return;
  const double *recent = m->means + 4 * r->outputs;
  for (int i = 0; i < 3; i++)
    if (recent[i] >= 0) add_key(s, key_of((uint64_t)i, kind_recent, (uint64_t)recent[i]), 1);
}

static void pair_fields(const ck_recipe *r, ck_recipe_record *to) {
  int64_t fields = r->keyed_categories + r->keyed_numbers;
  to->cross_count = 0;
  if (r->without & ck_recipe_without_crosses) return;
  for (int64_t a = 0; a < fields; a++) {
    if (!to->primary[a]) continue;
    for (int64_t b = a + 1; b < fields; b++)
      if (to->primary[b])
        to->crosses[to->cross_count++] = (uint32_t)mix(to->primary[a], to->primary[b]) & r->cross_mask;
  }
}

void ck_recipe_encode(
  const ck_recipe *r, const ck_recipe_memory *m, const float *numbers, const uint32_t *categories,
  ck_recipe_record *record) {
  sink s = {.r = r, .to = record};
  int64_t given = 0;
  record->count = 0;
  add_row(&s, 0, 1);
  add_categories(&s, categories, &given);
  add_numbers(&s, m, numbers, &given);
  record->is_empty = given == 0;
  record->plain = record->count;
  pair_fields(r, record);
  if (!(r->without & ck_recipe_without_memory)) {
    if (!(r->without & ck_recipe_without_changes)) add_changes(&s, m, numbers);
    add_memory(&s, m);
  }
  if (s.squares <= most_squares) return;
  float scale = (float)__builtin_sqrt(most_squares / s.squares);
  for (int64_t i = 0; i < record->count; i++) record->weights[i] *= scale;
}
