// Records as points, for the neighbours of others.
#include "keys.h"

void ck_point_code(const float *x, int8_t *code) {
  for (int i = 0; i < ck_point_places; i++) {
    float scaled = x[i] * 12;
    scaled = scaled > 127 ? 127 : scaled < -127 ? -127 : scaled;
    // To the nearest, halves away from zero; a NaN is nowhere in particular.
    code[i] = scaled == scaled ? (int8_t)(scaled + (scaled < 0 ? -0.5f : 0.5f)) : 0;
  }
}

void ck_point_put(int8_t *codes, int64_t place, const int8_t *code) {
  int8_t *block = codes + place / ck_lanes * ck_lanes * ck_point_places + place % ck_lanes * 2;
  for (int j = 0; j < ck_point_places / 2; j++) {
    block[j * 2 * ck_lanes] = code[2 * j];
    block[j * 2 * ck_lanes + 1] = code[2 * j + 1];
  }
}

void ck_recipe_point(const ck_recipe *r, const float *numbers, const ck_recipe_record *record, float *at) {
  enum { half = ck_point_places / 2 };
  for (int i = 0; i < ck_point_places; i++) at[i] = 0;
  for (int64_t f = 0; f < r->keyed_categories + r->numbers; f++) {
    int64_t number = f - r->keyed_categories;
    if (number >= 0 && is_believed(&r->number[number], numbers[number]) && r->number[number].distinct > 10) {
      double z = (numbers[number] - r->number[number].mean) * r->number[number].inverse;
      at[number % half] += (float)held(z, 5);
    } else if (number < r->keyed_numbers && record->primary[f]) {
      uint64_t where = mix(record->primary[f], 4242);
      at[half + where % half] += where >> 8 & 1 ? 0.7f : -0.7f;
    }
  }
}
