// All kernels of one level. A level's source defines CK_WIDTH, CK_SOFT_FMA and CK_TABLE, sets the target, includes
// this.
#include "vector.h"
#include "elementary.h"
#include "gemm.h"
#include "thin.h"
#include "activations.h"
#include "norm.h"
#include "losses.h"
#include "optimizers/gradient.h"
#include "optimizers/sgd.h"
#include "optimizers/adagrad.h"
#include "optimizers/rmsprop.h"
#include "optimizers/adam.h"
#include "optimizers/amsgrad.h"
#include "optimizers/ftrl.h"
#include "optimizers/lion.h"
#include "optimizers/update.h"
#include "optimizers/rows.h"
#include "optimizers/squared_norm.h"
#include "optimizers/unit_clip.h"
#include "blends.h"
#include "dropout.h"
#include "bfloat16.h"
#include "buckets.h"
#include "recipe/deep.h"
#include "recipe/near.h"

static void exp_array(int64_t n, const float *x, float *y) {
  for (int64_t i = 0; i < n; i += CK_WIDTH) store(y + i, exp_nonpositive(load(x + i)));
}

static void log1p_array(int64_t n, const float *x, float *y) {
  for (int64_t i = 0; i < n; i += CK_WIDTH) store(y + i, log1p_unit(load(x + i)));
}

static double peak(int64_t iterations) {
  enum { chains = 12 };
  // Read at run time: with constants the compiler finds a chain that stands still and leaves it out.
  volatile float factor = 0.999f, term = 1e-3f;
  vf acc[chains], x = splat(factor), y = splat(term);
  CK_UNROLL for (int i = 0; i < chains; i++) acc[i] = splat((float)i);
  for (int64_t t = 0; t < iterations; t++) {
    CK_UNROLL for (int i = 0; i < chains; i++) acc[i] = fma_(acc[i], x, y);
  }
  vf sum = splat(0.0f);
  CK_UNROLL for (int i = 0; i < chains; i++) sum += acc[i];
  volatile vf sink = sum;
  (void)sink;
  return 2.0 * chains * CK_WIDTH * (double)iterations;
}

const ck_kernels CK_TABLE = {
  .level = CK_LEVEL,
  .width = CK_WIDTH,
  .dense_forward = dense_forward,
  .dense_weight_gradient = dense_weight_gradient,
  .dense_input_gradient = dense_input_gradient,
  .thin_forward = thin_forward,
  .thin_weight_gradient = thin_weight_gradient,
  .thin_input_gradient = thin_input_gradient,
  .activate = activate,
  .activate_backward = activate_backward,
  .prelu = prelu,
  .prelu_backward = prelu_backward,
  .gate = gate,
  .gate_backward = gate_backward,
  .softmax = softmax,
  .softmax_backward = softmax_backward,
  .layer_norm = layer_norm,
  .layer_norm_backward = layer_norm_backward,
  .rms_norm = rms_norm,
  .rms_norm_backward = rms_norm_backward,
  .dropout = dropout,
  .add_rows = add_rows,
  .cross_rows = cross_rows,
  .cross_backward = cross_backward,
  .pair_rows = pair_rows,
  .pair_backward = pair_backward,
  .penalize_outputs = penalize_outputs,
  .binary_loss = binary_loss,
  .softmax_loss = softmax_loss,
  .logit_loss = logit_loss,
  .class_loss = class_loss,
  .squared_norm = squared_norm,
  .update = update,
  .update_rows = update_rows,
  .clip_units = clip_units,
  .round_with_error = round_with_error,
  .widen = widen,
  .add_widened = add_widened,
  .count_buckets = count_buckets,
  .deep_forward = deep_forward,
  .deep_learn = deep_learn,
  .near_outputs = near_outputs,
  .exp_nonpositive = exp_array,
  .log1p_unit = log1p_array,
  .peak = peak,
};
