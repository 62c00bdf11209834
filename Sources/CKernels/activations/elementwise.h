// Activations that take one number to one number: forward in place, and the way back.

/// y = f(x) and, where asked, *d = f′(x).
CK_INLINE vf activation(const ck_activation kind, vf x, vf *d) {
  switch (kind) {
    case ck_relu: return relu_of(x, d);
    case ck_leaky_relu: return leaky_relu_of(x, d);
    case ck_gelu: return gelu_of(x, d);
    case ck_swish: return swish_of(x, d);
    case ck_tanh: return tanh_of(x, d);
    case ck_sigmoid: return sigmoid_of(x, d);
    case ck_identity: return identity_of(x, d);
    case ck_elu: return elu_of(x, d);
    case ck_selu: return selu_of(x, d);
    case ck_softplus: return softplus_of(x, d);
    case ck_mish: return mish_of(x, d);
    case ck_relu6: return relu6_of(x, d);
    case ck_gelu_exact: return gelu_exact_of(x, d);
    case ck_hard_sigmoid: return hard_sigmoid_of(x, d);
    case ck_hard_swish: return hard_swish_of(x, d);
  }
  return x;
}

CK_INLINE saturation saturation_of(const ck_activation kind) {
  switch (kind) {
    case ck_tanh: return (saturation){-0.99f, 0.99f};
    case ck_sigmoid:
    case ck_hard_sigmoid: return (saturation){0.01f, 0.99f};
    case ck_relu6: return (saturation){-__builtin_inff(), 0x1.7ffffep2f};  // the float below 6
    default: return never_saturated;
  }
}

CK_INLINE int has_negative(const ck_activation kind) {
  return !(kind == ck_relu || kind == ck_sigmoid || kind == ck_relu6 || kind == ck_softplus || kind == ck_hard_sigmoid);
}

CK_INLINE counting counting_of(const ck_activation kind) {
  return (counting){
    .has_negative = has_negative(kind), .begins_at_zero = kind == ck_relu, .limits = saturation_of(kind)};
}

/// Formulas that leave registers free are counted on the way; the others right after, a block of rows later.
CK_INLINE int counts_on_the_way(const ck_activation kind) {
  return kind == ck_relu || kind == ck_leaky_relu || kind == ck_identity;
}

CK_INLINE void activate_block(
  const ck_activation kind, const int derive, const int count, stat_block b, const int panels, float *derivative,
  const ck_unit_stats *s) {
  b.panels = panels;
  const counting how = counting_of(kind);
  const int on_the_way = count && counts_on_the_way(kind);
  column_counts c[stat_panels];
  CK_UNROLL for (int p = 0; p < panels; p++) c[p] = no_counts();
  for (int64_t r = 0; r < b.rows; r++)
    CK_UNROLL for (int p = 0; p < panels; p++) {
      int64_t at = r * b.ld + p * ck_lanes;
      vf d, x = load(b.y + at), y = activation(kind, x, derive ? &d : 0);
      if (kind != ck_identity) store(b.y + at, y);
      if (derive) store(derivative + at, d);
      if (on_the_way) count_vector(&c[p], y, kind == ck_relu ? relu_is_active(x) : y != splat(0.0f), how);
    }
  if (on_the_way) join_counts(c, how, b, s);
  else if (count) count_block(how, b, s);
}

CK_INLINE void activate_kind(
  const ck_activation kind, const int derive, const int count, int64_t rows, int64_t units, float *z, float *derivative,
  int64_t ld, const ck_unit_stats *s) {
  for (int64_t r = 0; r < rows; r += stat_rows)
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n = next_unit(n)) {
      const stat_block b = block_at(r, n, rows, units, z, ld);
      float *slope = derive ? derivative + r * ld + n : 0;
      if (b.panels == stat_panels) activate_block(kind, derive, count, b, stat_panels, slope, s);
      else activate_block(kind, derive, count, b, 1, slope, s);
    }
}

/// Without clipping. Kinds that keep their derivative are counted in a pass of their own where it is not asked for.
static void activate_unclipped(
  ck_activation kind, int64_t rows, int64_t units, float *z, float *derivative, int64_t ld,
  const ck_unit_stats *stats) {
#define CK_LINEAR_KIND(KIND)                                                                                          \
  case KIND:                                                                                                          \
    if (derivative && stats) activate_kind(KIND, 1, 1, rows, units, z, derivative, ld, stats);                        \
    else if (derivative) activate_kind(KIND, 1, 0, rows, units, z, derivative, ld, 0);                                \
    else if (stats) activate_kind(KIND, 0, 1, rows, units, z, 0, ld, stats);                                          \
    else if (KIND != ck_identity) activate_kind(KIND, 0, 0, rows, units, z, 0, ld, 0);                                \
    break;
#define CK_CURVED_KIND(KIND)                                                                                          \
  case KIND:                                                                                                          \
    if (derivative && stats) activate_kind(KIND, 1, 1, rows, units, z, derivative, ld, stats);                        \
    else if (derivative) activate_kind(KIND, 1, 0, rows, units, z, derivative, ld, 0);                                \
    else {                                                                                                            \
      activate_kind(KIND, 0, 0, rows, units, z, 0, ld, 0);                                                            \
      if (stats) settle(rows, units, z, 0, ld, __builtin_inff(), saturation_of(KIND), stats);                         \
    }                                                                                                                 \
    break;
  switch (kind) {
    CK_LINEAR_KIND(ck_relu)
    CK_LINEAR_KIND(ck_leaky_relu)
    CK_LINEAR_KIND(ck_identity)
    CK_CURVED_KIND(ck_gelu)
    CK_CURVED_KIND(ck_swish)
    CK_CURVED_KIND(ck_tanh)
    CK_CURVED_KIND(ck_sigmoid)
    CK_CURVED_KIND(ck_elu)
    CK_CURVED_KIND(ck_selu)
    CK_CURVED_KIND(ck_softplus)
    CK_CURVED_KIND(ck_mish)
    CK_CURVED_KIND(ck_relu6)
    CK_CURVED_KIND(ck_gelu_exact)
    CK_CURVED_KIND(ck_hard_sigmoid)
    CK_CURVED_KIND(ck_hard_swish)
  }
#undef CK_LINEAR_KIND
#undef CK_CURVED_KIND
}

static void activate(
  ck_activation kind, int64_t rows, int64_t units, float *z, float *derivative, int64_t ld, float limit,
  const ck_unit_stats *stats) {
  if (!(limit < __builtin_inff())) {
    activate_unclipped(kind, rows, units, z, derivative, ld, stats);
    return;
  }
  for (int64_t r = 0; r < rows; r += stat_rows) {  // both passes while the rows are in the cache
    int64_t block = rows - r < stat_rows ? rows - r : stat_rows;
    float *slope = derivative ? derivative + r * ld : 0;
    activate_unclipped(kind, block, units, z + r * ld, slope, ld, 0);
    settle(block, units, z + r * ld, slope, ld, limit, saturation_of(kind), stats);
  }
}

CK_INLINE void backward_kind(
  const ck_activation kind, const int stored, const int clipped, int64_t rows, int64_t units, float *dy, const float *y,
  const float *derivative, int64_t ld, float limit, float *sums) {
  const vf zero = splat(0.0f);
  if (rows == 0)
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) store(sums + n, zero);
  for (int64_t r = 0; r < rows; r += stat_rows) {
    int64_t end = rows - r < stat_rows ? rows : r + stat_rows;
    for (int64_t n = 0; n < panels_of(units) * ck_lanes; n += CK_WIDTH) {
      vf sum = r == 0 ? zero : load(sums + n);
      for (int64_t i = r; i < end; i++) {
        vf g = load(dy + i * ld + n);
        if (stored) g *= load(derivative + i * ld + n);
        else if (kind == ck_relu) g = pick(load(y + i * ld + n) > zero, g, zero);
        else if (kind == ck_leaky_relu) g = pick(load(y + i * ld + n) > zero, g, g * splat(1.0f / ck_leak_inverse));
        if (clipped) g = pick(magnitude(load(y + i * ld + n)) < splat(limit), g, zero);
        if (stored || clipped || kind != ck_identity) store(dy + i * ld + n, g);
        sum += g;
      }
      store(sums + n, sum);
    }
  }
}

static void activate_backward(
  ck_activation kind, int64_t rows, int64_t units, float *dy, const float *y, const float *derivative, int64_t ld,
  float limit, float *sums) {
  const int clipped = limit < __builtin_inff();
#define CK_BACKWARD(KIND)                                                                                             \
  if (clipped) backward_kind(KIND, 0, 1, rows, units, dy, y, 0, ld, limit, sums);                                     \
  else backward_kind(KIND, 0, 0, rows, units, dy, y, 0, ld, limit, sums);
  if (derivative) backward_kind(ck_identity, 1, 0, rows, units, dy, y, derivative, ld, limit, sums);
  else if (kind == ck_relu) { CK_BACKWARD(ck_relu) }
  else if (kind == ck_leaky_relu) { CK_BACKWARD(ck_leaky_relu) }
  else { CK_BACKWARD(ck_identity) }
#undef CK_BACKWARD
}
