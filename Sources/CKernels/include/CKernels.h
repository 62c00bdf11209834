// The learner's inner loops, built for several CPU levels from one source and chosen at run time.
//
// Every kernel vectorises across outputs and sums over the inner dimension in one fixed order with fused multiply-add;
// what must be reduced is reduced in 16 lanes (element i belongs to lane i mod 16) and a fixed tree
// (8 + 8, 4 + 4, 2 + 2, 1 + 1). So every level gives the same bits, whatever the rows beside a row.
//
// Shapes: a *panel* matrix [K × N] lies as [⌈N/16⌉][K][16], columns beyond N zero. Rows of activations have a stride
// (`ld`, in floats) of at least N rounded up to 16, and what lies between is zero on entry wherever it is read.
#pragma once
#include "recipe.h"
#include <stddef.h>
#include <stdint.h>

/// Asks for large pages behind memory that begins and ends on their border; a wish, so failure is silent.
void ck_prefer_large_pages(void *memory, size_t bytes);
enum { ck_large_page = 2 << 20 };

/// Tells `count` bytes from other bytes, beginning with `seed`.
uint64_t ck_digest(const void *bytes, size_t count, uint64_t seed);

/// Makes the calling thread flush subnormal results to zero and read subnormal operands as zero; returns the mode
/// before.
uint32_t ck_flush_subnormals(void);
/// Puts back a mode that `ck_flush_subnormals` returned.
void ck_restore_mode(uint32_t mode);

enum {
  ck_lanes = 16,
  /// Floats that the products' scratch memory has at least.
  ck_scratch_floats = 53248,
};
/// An index that names no row.
static const uint32_t ck_none = 0xffffffffu;

typedef enum ck_level { ck_level_scalar = 0, ck_level_baseline = 1, ck_level_fma256 = 2, ck_level_fma512 = 3 } ck_level;

typedef enum ck_activation {
  ck_relu = 0,
  ck_leaky_relu = 1,
  ck_gelu = 2,
  ck_swish = 3,
  ck_tanh = 4,
  ck_sigmoid = 5,
  ck_identity = 6,
  ck_elu = 7,
  ck_selu = 8,
  ck_softplus = 9,
  ck_mish = 10,
  ck_relu6 = 11,
  ck_gelu_exact = 12,
  ck_hard_sigmoid = 13,
  ck_hard_swish = 14,
} ck_activation;

typedef enum ck_gate { ck_glu = 0, ck_swiglu = 1, ck_geglu = 2, ck_reglu = 3 } ck_gate;

typedef enum ck_row_function { ck_softmax = 0, ck_log_softmax = 1 } ck_row_function;

/// Counts of a layer's outputs, added to by each call: `active` has an entry a unit, N rounded up to 16; all else is of the whole
/// layer, with an entry a lane, 16 (unit u is in lane u mod 16). Sums and bounds take finite values only; blocks of 64 rows and
/// two panels are summed in float, then added in double.
typedef struct ck_unit_stats {
  int64_t *active, *negative, *saturated, *non_finite;
  float *minimum, *maximum;
  double *sum, *square;
} ck_unit_stats;

/// Counts of values by bucket, 64 of them, and the buckets of those that are not counted yet, a byte each, with room for
/// ck_code_room.
typedef struct ck_bucket_counts {
  int64_t *counts;
  uint8_t *codes;
  int64_t waiting;
} ck_bucket_counts;

enum {
  ck_code_block = 8160,  // so many are counted at once: whole vectors at every level
  ck_code_room = ck_code_block + 64,
};

/// Optimisers; Nesterov's momentum counts as one. The formulas stand in `optimizers/`.
typedef enum ck_optimizer {
  ck_sgd = 0,
  ck_nesterov = 1,
  ck_adagrad = 2,
  ck_rmsprop = 3,
  ck_adam = 4,
  ck_amsgrad = 5,
  ck_ftrl = 6,
  ck_lion = 7,
} ck_optimizer;

/// One optimiser step. The gradient used is clamp(g · inverse_count, ± value_limit) · scale + l2·w + l1·sign(w), but
/// FTRL has l1 and l2 in its own formula.
typedef struct ck_update {
  float inverse_count;
  /// Infinity: no limit.
  float value_limit;
  float scale;
  /// Adam, AMSGrad: η / (1 − β₁ᵗ); others: η.
  float rate;
  /// SGD: μ; Adam, AMSGrad: 1 − β₁; Lion: β₁; FTRL: 1/α.
  float first;
  /// Adam, AMSGrad, RMSProp, Lion: β₂.
  float second;
  /// Adam, AMSGrad: 1 / √(1 − β₂ᵗ).
  float inverse_root_correction;
  /// FTRL: β.
  float epsilon;
  float l1, l2;
  /// Decoupled weight decay: w · keep before the change; 1: none. Not for FTRL.
  float keep;
} ck_update;

typedef enum ck_loss_kind {
  /// With class weights and smoothing, as `hit` and `rest` say.
  ck_cross_entropy = 0,
  ck_focal = 1,
  ck_squared = 2,
  ck_huber = 3,
  ck_quantile = 4,
  ck_poisson = 5,
} ck_loss_kind;

/// A loss and its constants; formulas, ranges and papers are in losses/.
typedef struct ck_loss {
  ck_loss_kind kind;
  /// Focal: γ.
  float focus;
  /// Huber: δ, in the unit of logits and labels.
  float bound;
  /// Quantile: τ.
  float level;
  /// Cross-entropy, by class (binary: 0 and 1): target c is rest[c] + [c = label]·hit[c], so hit = w·(1 − ε) and
  /// rest = w·ε / classes. Focal: hit = w. Arrays of the classes rounded up to 16, zero beyond; NULL for the others.
  const float *hit, *rest;
  /// Σ rest.
  float rest_sum;
} ck_loss;

typedef struct ck_kernels {
  ck_level level;
  /// Floats of one vector.
  int32_t width;

  // Hidden layers: W is a panel matrix [inputs × outputs].
  /// Z[r][n] = bias[n] + Σₖ X[r][k]·W[k][n], k ascending.
  void (*dense_forward)(
    int64_t rows, int64_t inputs, int64_t outputs, const float *x, int64_t ldx, const float *w, const float *bias,
    float *z,
    int64_t ldz);
  /// dW[k][n] = Σᵣ X[r][k]·dZ[r][n], r ascending; overwrites. `scratch`: ck_scratch_floats. Rows of X can be read
  /// up to 16 floats beyond their inputs.
  void (*dense_weight_gradient)(
    int64_t rows, int64_t inputs, int64_t outputs, const float *x, int64_t ldx, const float *dz, int64_t ldz,
    float *dw, float *scratch);
  /// dX[r][k] = Σₙ dZ[r][n]·W[k][n], n ascending, for k below `columns` rounded up to 16. `scratch`: ck_scratch_floats,
  /// or 16 · (outputs rounded up to 16) floats where that is more.
  void (*dense_input_gradient)(
    int64_t rows, int64_t inputs, int64_t outputs, int64_t columns, const float *dz, int64_t ldz, const float *w,
    float *dx,
    int64_t ldx, float *scratch);

  // The output layer and the wide part: W is [outputs][ldw], ldw = inputs rounded up to 16; X is zero up to there.
  /// Z[r][n] = (add ? Z[r][n] : 0) + bias[n] + tree(Σ X[r][k]·W[n][k]); bias may be NULL.
  void (*thin_forward)(
    int64_t rows, int64_t inputs, int64_t outputs, const float *x, int64_t ldx, const float *w, const float *bias,
    float *z,
    int64_t ldz, int32_t add);
  void (*thin_weight_gradient)(
    int64_t rows, int64_t inputs, int64_t outputs, const float *x, int64_t ldx, const float *dz, int64_t ldz, float *dw,
    float *dbias);
  void (*thin_input_gradient)(
    int64_t rows, int64_t inputs, int64_t outputs, const float *dz, int64_t ldz, const float *w, float *dx,
    int64_t ldx);

  // Activations, in place: Z becomes Y; `derivative` (same stride) and `stats` may be NULL. Outputs are clipped to
  // ± limit (infinity: not at all), where the derivative is then 0.
  void (*activate)(
    ck_activation kind, int64_t rows, int64_t units, float *z, float *derivative, int64_t ld, float limit,
    const ck_unit_stats *stats);
  /// dY becomes dZ; sums[n] = Σᵣ dZ[r][n], r ascending. `derivative` may be NULL for relu, leaky relu and identity.
  void (*activate_backward)(
    ck_activation kind, int64_t rows, int64_t units, float *dy, const float *y, const float *derivative, int64_t ld,
    float limit, float *sums);
  /// Leaky relu with a slope a unit, in place; `kept` (same stride) takes what Z was, and may be NULL.
  void (*prelu)(
    int64_t rows, int64_t units, float *z, float *kept, int64_t ld, const float *slope, float limit,
    const ck_unit_stats *stats);
  /// dY becomes dZ; sums[n] = Σᵣ dZ[r][n], dslope[n] = Σᵣ dY[r][n]·min(Z[r][n], 0), r ascending.
  void (*prelu_backward)(
    int64_t rows, int64_t units, float *dy, const float *y, const float *kept, int64_t ld, const float *slope,
    float limit, float *sums, float *dslope);
  /// Y[r][n] = Z[r][n] · f(Z[r][units + n]) for n < units, clipped to ± limit, zero up to whole lanes; ldz at least
  /// 2·units + 16. With `derive`, Z[r][c] becomes ∂Y/∂Z[r][c] for c < 2·units.
  void (*gate)(
    ck_gate kind, int64_t rows, int64_t units, float *z, int64_t ldz, float *y, int64_t ldy, float limit,
    int32_t derive, const ck_unit_stats *stats);
  /// dZ[r][c] = dY[r][c mod units] · partials[r][c] for c < 2·units, from what `gate` left; dz may be partials.
  /// sums[c] = Σᵣ dZ[r][c], r ascending; 2·units + 16 entries.
  void (*gate_backward)(
    int64_t rows, int64_t units, const float *dy, int64_t ldy, const float *partials, float *dz, int64_t ldz,
    float *sums);
  /// Softmax or its logarithm over the first `units` columns of each row, in place, zero up to whole lanes.
  void (*softmax)(
    ck_row_function kind, int64_t rows, int64_t units, float *z, int64_t ld, const ck_unit_stats *stats);
  /// dY becomes dZ, from Y; sums[n] = Σᵣ dZ[r][n], r ascending.
  void (*softmax_backward)(
    ck_row_function kind, int64_t rows, int64_t units, float *dy, const float *y, int64_t ld, float *sums);

  // LayerNorm over the first `units` columns, in place; keeps what backward needs.
  void (*layer_norm)(
    int64_t rows, int64_t units, float *z, int64_t ld, const float *gain, const float *offset, float *normalized,
    float *inverse_deviation);
  /// dOut becomes dIn; dgain, sums[n] = Σᵣ dIn[r][n].
  void (*layer_norm_backward)(
    int64_t rows, int64_t units, float *dz, int64_t ld, const float *gain, const float *normalized,
    const float *inverse_deviation, float *dgain, float *sums);
  // RMSNorm, likewise.
  void (*rms_norm)(
    int64_t rows, int64_t units, float *z, int64_t ld, const float *gain, float *normalized, float *inverse_root);
  void (*rms_norm_backward)(
    int64_t rows, int64_t units, float *dz, int64_t ld, const float *gain, const float *normalized,
    const float *inverse_root, float *dgain, float *sums);

  /// Drops y where 31 hashed bits of (salt, keys[r], unit) are below `threshold` (p · 2³¹), scales the rest; the same
  /// again on the way back.
  void (*dropout)(
    int64_t rows, int64_t units, float *y, int64_t ld, const uint64_t *keys, uint64_t salt, uint32_t threshold,
    float scale);

  /// y += x, over whole panels.
  void (*add_rows)(int64_t rows, int64_t units, const float *x, int64_t ldx, float *y, int64_t ldy);
  /// y = x₀ ⊙ u + x; u has the stride of y.
  void (*cross_rows)(
    int64_t rows, int64_t units, const float *x0, int64_t ld0, const float *u, const float *x, float *y, int64_t ld,
    int64_t ldx);
  /// du = dy ⊙ x₀, dx₀ += dy ⊙ u, sums[n] = Σᵣ du[r][n]; all but x₀ of stride ld.
  void (*cross_backward)(
    int64_t rows, int64_t units, const float *dy, const float *x0, int64_t ld0, const float *u, float *du, float *dx0,
    int64_t ld, float *sums);
  /// Fields of `width` columns side by side: sum = Σ v, pooled = ½·((Σ v)² − Σ v²).
  void (*pair_rows)(
    int64_t rows, int64_t fields, int64_t width, const float *x, int64_t ldx, float *sum, float *pooled, int64_t ld);
  /// dx += dpooled ⊙ (sum − v), field by field.
  void (*pair_backward)(
    int64_t rows, int64_t fields, int64_t width, const float *x, int64_t ldx, const float *sum, const float *dpooled,
    int64_t ld, float *dx, int64_t lddx);
  /// dy += 2·l2·y + l1·sign(y) in the rows whose label is no NaN.
  void (*penalize_outputs)(
    int64_t rows, int64_t units, const float *y, float *dy, int64_t ld, const float *labels, int64_t label_stride,
    float l1, float l2);

  // Losses from logits. A NaN label gives gradient 0 and loss NaN. Any of p, gradient, loss may be NULL.
  /// p = sigmoid(z), gradient = p − y, loss = softplus(z) − z·y.
  void (*binary_loss)(int64_t rows, const float *z, const float *labels, float *p, float *gradient, float *loss);
  /// Rows of stride ld; p = softmax(z), gradient = p − onehot, loss = −log p[label].
  void (*softmax_loss)(
    int64_t rows, int64_t classes, const float *z, int64_t ld, const float *labels, float *p, float *gradient,
    float *loss);
  /// Any loss of one logit a row; p is the probability of 1, the value z itself, or Poisson's rate.
  void (*logit_loss)(
    const ck_loss *how, int64_t rows, const float *z, const float *labels, float *p, float *gradient, float *loss);
  /// Weighed and smoothed cross-entropy, or focal loss, of several classes; rows of stride ld.
  void (*class_loss)(
    const ck_loss *how, int64_t rows, int64_t classes, const float *z, int64_t ld, const float *labels,
    float *gradient, float *loss);

  // Optimisers over n elements (n a multiple of 16); each returns Σ (change of w)².
  /// Σ clamp(g · inverse_count, ± limit)²; not finite where any gradient value is not.
  double (*squared_norm)(int64_t n, const float *g, float inverse_count, float limit);
  /// `states`: what the optimiser keeps, n elements each, unused ones NULL.
  /// SGD: velocity; Adagrad: sum of squares; RMSProp: mean square; Adam: mean, mean square; AMSGrad: these and the
  /// largest; FTRL: z, n; Lion: mean.
  double (*update)(
    ck_optimizer kind, int64_t n, float *w, const float *g, float *const states[3], const ck_update *u);
  /// Embedding rows: `rows[i]` picks w + rows[i]·width and the states alike; gradient i lies at g + i·stride.
  /// Adagrad keeps one sum a row: s += mean of g².
  double (*update_rows)(
    ck_optimizer kind, int64_t count, const uint32_t *rows, int64_t width, float *w, float *const states[3],
    const float *g, int64_t stride, const ck_update *u);
  /// Adaptive clipping of a panel matrix's units; g becomes clamp(g · inverse_count, ± value_limit) · the unit's scale.
  /// How many units were over `ratio` · max(‖w‖, epsilon).
  int64_t (*clip_units)(
    int64_t inputs, int64_t outputs, const float *w, float *g, float inverse_count, float value_limit, float ratio,
    float epsilon);

  // Numbers as bfloat16, the upper half of a float; arrays of any n.

  /// rounded = x + before, to nearest, ties to even; error = what that took away, 0 where it is no number. `error` may be
  /// `before`.
  void (*round_with_error)(int64_t n, const float *x, const float *before, uint16_t *rounded, float *error);
  /// x = rounded.
  void (*widen)(int64_t n, const uint16_t *rounded, float *x);
  /// sum += rounded.
  void (*add_widened)(int64_t n, const uint16_t *rounded, float *sum);

  /// Counts by sign and power of two what lies in the first n columns of rows; of the last values the buckets may wait.
  void (*count_buckets)(int64_t rows, int64_t n, const float *x, int64_t ld, ck_bucket_counts *c);

  // The recipe's deep member, one record at a time (recipe.h).
  /// `values`: ck_deep_values; rows that are ck_none are left out.
  void (*deep_forward)(
    const ck_deep *m, int64_t n, const uint32_t *rows, const float *weights, float *values, float *out);
  /// Updates by the gradient by the outputs, [outputs]; all rows are some. `scratch`: n rounded up to 16.
  void (*deep_learn)(
    const ck_deep *m, int64_t n, const uint32_t *rows, const float *weights, const float *values,
    const float *gradient, const ck_deep_rates *rates, float *scratch);

  /// What the nearest of the last records say, at two sharpnesses; an output that is NULL is left out. `distances`: as many as
  /// points, rounded up to 16.
  void (*near_outputs)(const ck_near *n, const int8_t *at, int32_t *distances, float *const out[2]);

  // Plain functions over arrays, n a multiple of 16; `derivative` may be NULL. For tests and sweeps.
  void (*exp_nonpositive)(int64_t n, const float *x, float *y);
  void (*log1p_unit)(int64_t n, const float *x, float *y);

  /// Runs `iterations` rounds of independent fused multiply-adds; returns their number in floating-point operations.
  double (*peak)(int64_t iterations);
} ck_kernels;

/// The kernels of one level, or NULL where this CPU or build lacks it.
const ck_kernels *ck_kernels_at(ck_level level);
/// The fastest level of this CPU.
ck_level ck_best_level(void);
/// What the environment's RETRAIN_CPU_LEVEL says, for measurements and to hold a whole process to one level; NULL where
/// it says nothing.
const char *ck_wanted_level(void);

// Kernels without a level: element-wise in double, or whole numbers only.

/// x becomes clamp((x − mean)·inverse, ± limit), a NaN and what is not within [least, most] 0, for each of n columns of
/// each row.
void ck_standardize(
  int64_t rows, int64_t n, const float *numbers, const double *mean, const double *inverse, const float *limit,
  const float *least, const float *most, float *x, int64_t ldx);
/// Per column over the rows within [least, most]: count, Σ (x − shift), Σ (x − shift)², rows ascending; and how many are
/// outside of it. A NaN is neither. Overwrites.
void ck_moments(
  int64_t rows, int64_t n, const float *numbers, const double *shift, const float *least, const float *most,
  double *count, double *sum, double *square, double *outside);
/// The same with a weight a row, ≥ 0: Σ w, Σ w·(x − shift), Σ w·(x − shift)²; what is outside is counted as it is.
void ck_weighted_moments(
  int64_t rows, int64_t n, const float *numbers, const float *weights, const double *shift, const float *least,
  const float *most, double *count, double *sum, double *square, double *outside);
/// Copies row indices[r·stride] of a table [· × width] to x + r·ldx.
void ck_gather(
  int64_t rows, int64_t width, const float *table, const uint32_t *indices, int64_t stride, float *x, int64_t ldx);
/// x + r·ldx becomes the weighted sum of table rows [· × width], one for each of `slots` indices that is not `ck_none`, in
/// order; each weighs 1 (combiner 0), 1 / n (1) or 1 / √n (2) for n such indices; none gives zeros.
void ck_gather_bag(
  int64_t rows, int64_t width, const float *table, const uint32_t *indices, int64_t slots, int64_t stride,
  int32_t combiner, float *x, int64_t ldx);
/// x + r·ldx becomes Σ weights[i] · table row indices[i], i from starts[r] up to starts[r + 1], in order; product and sum
/// are rounded each for itself.
void ck_gather_weighted(
  int64_t rows, int64_t width, const float *table, const int32_t *starts, const uint32_t *indices,
  const float *weights, float *x, int64_t ldx);
/// What each of `count` rows of a bag weighs.
float ck_bag_scale(int32_t combiner, int64_t count);
/// Of n pairs in the order of their keys: rows[d] is `first` plus the d-th different key, sums[d·width…] the sum of
/// from[place·ldf…] over its pairs, in their order. Returns how many keys differ.
int64_t ck_sum_rows(
  int64_t n, const uint32_t *keys, const uint32_t *places, int64_t width, const float *from, int64_t ldf,
  uint32_t first, uint32_t *rows, float *sums);
/// The same of weights[pair] · from[records[pair]·ldf…].
int64_t ck_sum_weighted_rows(
  int64_t n, const uint32_t *keys, const uint32_t *pairs, const uint32_t *records, const float *weights,
  int64_t width, const float *from, int64_t ldf, uint32_t first, uint32_t *rows, float *sums);
/// Sorts n pairs by key, equal keys in their order before; keys below 2^key_bits, 1 to 32; `scratch` arrays of n.
void ck_sort_pairs(
  int64_t n, uint32_t *keys, uint32_t *values, uint32_t *key_scratch, uint32_t *value_scratch, int32_t key_bits);
