// Neighbours of a record among the last ones: what their labels say, by how near they are.
//
// Points are whole numbers, so that distances are exact, in blocks of 16: by pair of places, 16 points' two numbers
// each. Weights exp(−t·d²/d²ₙ) with d²ₙ of the farthest neighbour, means shrunk to the overall one by half a record.

enum { near_pairs = ck_point_places / 2 };

typedef int8_t near_codes __attribute__((ext_vector_type(2 * CK_WIDTH)));
typedef int8_t near_codes_loose __attribute__((ext_vector_type(2 * CK_WIDTH), aligned(1), may_alias));
typedef int16_t near_wide __attribute__((ext_vector_type(2 * CK_WIDTH)));

#if CK_WIDTH >= 8
typedef short near_shorts __attribute__((vector_size(4 * CK_WIDTH)));
#endif

/// Σ of the squares of each two neighbouring numbers.
CK_INLINE vi near_squares(near_wide d) {
#if CK_WIDTH == 1
  return (vi)((int32_t)d.x * d.x + (int32_t)d.y * d.y);
#elif CK_WIDTH == 16
  near_shorts s = __builtin_bit_cast(near_shorts, d);
  return __builtin_bit_cast(vi, __builtin_ia32_pmaddwd512(s, s));
#elif CK_WIDTH == 8
  near_shorts s = __builtin_bit_cast(near_shorts, d);
  return __builtin_bit_cast(vi, __builtin_ia32_pmaddwd256(s, s));
#else
  vi even = __builtin_convertvector(d.even, vi), odd = __builtin_convertvector(d.odd, vi);
  return even * even + odd * odd;
#endif
}

/// Squared distances of `blocks` · 16 points.
static void near_distances(const int8_t *codes, int64_t blocks, const int8_t *at, int32_t *distances) {
  int32_t pairs[near_pairs];
  for (int j = 0; j < near_pairs; j++)
    pairs[j] = (int32_t)((uint16_t)(int16_t)at[2 * j] | (uint32_t)(uint16_t)(int16_t)at[2 * j + 1] << 16);
  for (int64_t b = 0; b < blocks; b++) {
    const int8_t *block = codes + b * ck_lanes * ck_point_places;
    vi sum[NV];
    CK_UNROLL for (int v = 0; v < NV; v++) sum[v] = 0;
    for (int j = 0; j < near_pairs; j++) {
      near_wide query = __builtin_bit_cast(near_wide, (vi)pairs[j]);
      CK_UNROLL for (int v = 0; v < NV; v++) {
        near_codes point = *(const near_codes_loose *)(block + j * 2 * ck_lanes + v * 2 * CK_WIDTH);
        sum[v] += near_squares(__builtin_convertvector(point, near_wide) - query);
      }
    }
    CK_UNROLL for (int v = 0; v < NV; v++)
      __builtin_memcpy(distances + b * ck_lanes + v * CK_WIDTH, &sum[v], sizeof sum[v]);
  }
}

/// The nearest, in order; of equal ones the one that lies first.
static int near_pick(int64_t count, const int32_t *distances, int32_t *least, int64_t *place) {
  int found = 0;
  for (int64_t i = 0; i < count; i++) {
    if (found == ck_near_most && distances[i] >= least[found - 1]) continue;
    int at = found < ck_near_most ? found++ : found - 1;
    while (at && least[at - 1] > distances[i]) {
      least[at] = least[at - 1];
      place[at] = place[at - 1];
      at--;
    }
    least[at] = distances[i];
    place[at] = i;
  }
  return found;
}

static void near_outputs(const ck_near *n, const int8_t *at, int32_t *distances, float *const out[2]) {
  int32_t least[ck_near_most];
  int64_t place[ck_near_most];
  near_distances(n->codes, (n->count + ck_lanes - 1) / ck_lanes, at, distances);
  int found = near_pick(n->count, distances, least, place);
  float reach = found ? (float)least[found - 1] + 1e-6f : 1;
  for (int t = 0; t < 2; t++) {
    if (!out[t]) continue;
    float weight[ck_lanes], sums[ck_recipe_outputs_max + ck_lanes], total = 0, squares = 0;
    for (int i = 0; i < ck_lanes; i++) weight[i] = i < found ? -n->sharpness[t] * ((float)least[i] / reach) : 0;
    for (int i = 0; i < ck_lanes; i += CK_WIDTH) store(weight + i, exp_nonpositive(load(weight + i)));
    for (int i = 0; i < found; i++) {
      total += weight[i];
      squares += weight[i] * weight[i];
    }
    for (int64_t k = 0; k < ck_recipe_outputs_max + ck_lanes; k++) sums[k] = 0;
    float number = found ? total * total / squares : 0;  // as many as they count for
    for (int i = 0; i < found; i++) {
      float share = weight[i] * (number / total), label = n->labels[n->label_stride * place[i]];
      if (n->kind == ck_near_classes) sums[(int)label] += share;
      else sums[0] += share * (n->kind == ck_near_values ? (label - n->center) * n->inverse : label);
    }
    if (n->kind == ck_near_values) {
      out[t][0] = sums[0] / (number + 0.5f);
      continue;
    }
    if (n->kind == ck_near_binary) {
      float p = (sums[0] + 0.5f * (float)n->means[0] + 0.02f) / (number + 0.54f);
      float both[ck_lanes] = {p, 1 - p};
      for (int i = 2; i < ck_lanes; i++) both[i] = 1;
      for (int i = 0; i < ck_lanes; i += CK_WIDTH) store(both + i, log_positive(load(both + i)));
      out[t][0] = both[0] - both[1];
      continue;
    }
    float mean = 0, share = 1 / (number + 0.5f + 0.02f * (float)n->outputs);
    for (int64_t k = 0; k < n->outputs; k++) sums[k] = (sums[k] + 0.5f * (float)n->means[k] + 0.02f) * share;
    for (int64_t k = n->outputs; k < ck_recipe_outputs_max + ck_lanes; k++) sums[k] = 1;
    for (int64_t k = 0; k < n->outputs; k += CK_WIDTH) store(sums + k, log_positive(load(sums + k)));
    for (int64_t k = 0; k < n->outputs; k++) mean += sums[k];
    for (int64_t k = 0; k < n->outputs; k++) out[t][k] = sums[k] - mean / (float)n->outputs;
  }
}
