// Losses from logits, with probability and gradient in the same pass.
#include "losses/rows.h"
#include "losses/binary.h"
#include "losses/multiclass.h"
#include "losses/focal.h"
#include "losses/squared.h"
#include "losses/huber.h"
#include "losses/quantile.h"
#include "losses/poisson.h"

static void logit_loss(
  const ck_loss *how, int64_t rows, const float *z, const float *labels, float *p, float *gradient, float *loss) {
#define CK_LOSS(KIND, FORMULA)                                                                                     \
  case KIND: each_logit(FORMULA, how, rows, z, labels, p, gradient, loss); break;
  switch (how->kind) {
    CK_LOSS(ck_cross_entropy, weighed_binary_formula)
    CK_LOSS(ck_focal, binary_focal_formula)
    CK_LOSS(ck_squared, squared_formula)
    CK_LOSS(ck_huber, huber_formula)
    CK_LOSS(ck_quantile, quantile_formula)
    CK_LOSS(ck_poisson, poisson_formula)
  }
#undef CK_LOSS
}

static void class_loss(
  const ck_loss *how, int64_t rows, int64_t classes, const float *z, int64_t ld, const float *labels, float *gradient,
  float *loss) {
  if (how->kind == ck_focal) focal_softmax_loss(how, rows, classes, z, ld, labels, gradient, loss);
  else weighed_softmax_loss(how, rows, classes, z, ld, labels, gradient, loss);
}
