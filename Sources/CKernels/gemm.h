// Matrix products of hidden layers: one register tile, three uses.

// Upper bounds of a tile's arrays, which end in registers.
enum { tile_vectors = 2 * ck_lanes, tile_columns = ck_lanes, tile_groups = 5 };

/// C[i][p][16] = start[i][p][16] + Σₜ A[i·ai + t·at] · B[p·bp + t·bt + 0…15], t ascending; MR rows by NP panels.
CK_INLINE void tile(
  const int MR, const int NP, int64_t depth, const float *a, int64_t ai, int64_t at, const float *b, int64_t bp,
  int64_t bt, float *c, int64_t ci, int64_t cp, const float *start, int64_t si, int64_t sp) {
  vf acc[tile_vectors], w[tile_columns];
  // One pointer for three rows: their distances are multiples an address can carry.
  const float *rows[tile_groups];
  CK_UNROLL for (int i = 0; i < MR; i++)
    CK_UNROLL for (int p = 0; p < NP; p++)
      CK_UNROLL for (int v = 0; v < NV; v++)
        acc[(i * NP + p) * NV + v] = load(start + i * si + p * sp + v * CK_WIDTH);
  CK_UNROLL for (int i = 0; i < MR; i += 3) rows[i / 3] = a + i * ai;
  _Pragma("clang loop unroll_count(2)") for (int64_t t = 0; t < depth; t++) {
    CK_UNROLL for (int p = 0; p < NP; p++)
      CK_UNROLL for (int v = 0; v < NV; v++) w[p * NV + v] = load(b + p * bp + v * CK_WIDTH);
    CK_UNROLL for (int i = 0; i < MR; i++) {
      vf x = splat(rows[i / 3][i % 3 * ai]);
      CK_UNROLL for (int p = 0; p < NP * NV; p++) acc[i * NP * NV + p] = fma_(x, w[p], acc[i * NP * NV + p]);
    }
    CK_UNROLL for (int i = 0; i < MR; i += 3) rows[i / 3] += at;
    b += bt;
  }
  CK_UNROLL for (int i = 0; i < MR; i++)
    CK_UNROLL for (int p = 0; p < NP; p++)
      CK_UNROLL for (int v = 0; v < NV; v++)
        store(c + i * ci + p * cp + v * CK_WIDTH, acc[(i * NP + p) * NV + v]);
}

#define CK_TILE(MR, NP) tile(MR, NP, depth, a, ai, at, b, bp, bt, c, ci, cp, start, si, sp)

// One tile of `rows` rows and as many panels as suit it, at most `panels`; returns how many it did. Few rows take more
// panels, so that enough sums are under way at once to hide the latency of a multiply-add.
#define CK_TILE_ARGUMENTS                                                                                             \
  int rows, int64_t panels, int64_t depth, const float *a, int64_t ai, int64_t at, const float *b, int64_t bp,         \
    int64_t bt, float *c, int64_t ci, int64_t cp, const float *start, int64_t si, int64_t sp

#if CK_WIDTH == 16
enum { tile_rows = 14, tile_panels = 2 };
static int64_t tiles(CK_TILE_ARGUMENTS) {
#define CK_ROWS(R)                                                                                                    \
  case R:                                                                                                             \
    if (panels >= 2) {                                                                                                \
      CK_TILE(R, 2);                                                                                                  \
      return 2;                                                                                                       \
    }                                                                                                                 \
    CK_TILE(R, 1);                                                                                                    \
    return 1;
  if (rows < 4 && panels >= 4) {
    if (rows == 1) CK_TILE(1, 4);
    else if (rows == 2) CK_TILE(2, 4);
    else CK_TILE(3, 4);
    return 4;
  }
  switch (rows) {
    CK_ROWS(1) CK_ROWS(2) CK_ROWS(3) CK_ROWS(4) CK_ROWS(5) CK_ROWS(6) CK_ROWS(7) CK_ROWS(8) CK_ROWS(9) CK_ROWS(10)
    CK_ROWS(11) CK_ROWS(12) CK_ROWS(13) CK_ROWS(14)
  }
  return 1;
}
#elif CK_WIDTH == 8
enum { tile_rows = 6, tile_panels = 1 };
static int64_t tiles(CK_TILE_ARGUMENTS) {
  switch (rows) {
    case 1:
      if (panels >= 4) {
        CK_TILE(1, 4);
        return 4;
      }
      CK_TILE(1, 1);
      return 1;
    case 2:
      if (panels >= 2) {
        CK_TILE(2, 2);
        return 2;
      }
      CK_TILE(2, 1);
      return 1;
    case 3:
      if (panels >= 2) {
        CK_TILE(3, 2);
        return 2;
      }
      CK_TILE(3, 1);
      return 1;
    case 4: CK_TILE(4, 1); return 1;
    case 5: CK_TILE(5, 1); return 1;
    default: CK_TILE(6, 1); return 1;
  }
}
#else
enum { tile_rows = 2, tile_panels = 1 };
static int64_t tiles(CK_TILE_ARGUMENTS) {
  if (rows == 2) CK_TILE(2, 1);
  else CK_TILE(1, 1);
  return 1;
}
#endif

static const float zeros16[ck_lanes] __attribute__((aligned(64)));

/// C = start + A·B over all rows and panels. Strips of panels outside, rows inside, so that a strip stays in L1 while
/// the rows stream by; depth in blocks for the same reason, sums waiting in C between blocks.
CK_INLINE void product(
  int64_t rows, int64_t panels, int64_t depth, int64_t block, const float *a, int64_t ai, int64_t at, const float *b,
  int64_t bp, int64_t bt, float *c, int64_t ci, int64_t cp, const float *bias) {
  if (depth == 0) block = 1;
  for (int64_t t = 0; t == 0 || t < depth; t += block) {
    int64_t length = depth - t < block ? depth - t : block;
    // Full tiles of rows, strip by strip.
    int64_t full = rows - rows % tile_rows;
    for (int64_t p = 0; p < panels && full > 0;) {
      int64_t done = 1;
      for (int64_t i = 0; i < full; i += tile_rows) {
        float *out = c + i * ci + p * cp;
        const float *start = t > 0 ? out : bias ? bias + p * ck_lanes : zeros16;
        done = tiles(
          tile_rows, panels - p, length, a + i * ai + t * at, ai, at, b + p * bp + t * bt, bp, bt, out, ci, cp, start,
          t > 0 ? ci : 0, t > 0 ? cp : bias ? ck_lanes : 0);
      }
      p += done;
    }
    // The rows left over.
    int left = (int)(rows - full);
    for (int64_t p = 0; p < panels && left > 0;) {
      float *out = c + full * ci + p * cp;
      const float *start = t > 0 ? out : bias ? bias + p * ck_lanes : zeros16;
      p += tiles(
        left, panels - p, length, a + full * ai + t * at, ai, at, b + p * bp + t * bt, bp, bt, out, ci, cp, start,
        t > 0 ? ci : 0, t > 0 ? cp : bias ? ck_lanes : 0);
    }
  }
}

CK_INLINE int64_t panels_of(int64_t n) { return (n + ck_lanes - 1) / ck_lanes; }

enum { forward_block = 256, gradient_block = 128 };

static void dense_forward(
  int64_t rows, int64_t inputs, int64_t outputs, const float *x, int64_t ldx, const float *w, const float *bias,
  float *z,
  int64_t ldz) {
  product(
    rows, panels_of(outputs), inputs, forward_block, x, ldx, 1, w, inputs * ck_lanes, ck_lanes, z, ldz, ck_lanes, bias);
}

static void dense_weight_gradient(
  int64_t rows, int64_t inputs, int64_t outputs, const float *x, int64_t ldx, const float *dz, int64_t ldz, float *dw) {
  product(
    inputs, panels_of(outputs), rows, gradient_block, x, 1, ldx, dz, ck_lanes, ldz, dw, ck_lanes, inputs * ck_lanes, 0);
}

#include "transpose.h"

static void dense_input_gradient(
  int64_t rows, int64_t inputs, int64_t outputs, int64_t columns, const float *dz, int64_t ldz, const float *w,
  float *dx,
  int64_t ldx, float *scratch) {
  int64_t padded = panels_of(outputs) * ck_lanes;
  for (int64_t k = 0; k < columns; k += ck_lanes) {
    transpose_strip(w, inputs, padded, k, scratch);
    product(rows, 1, outputs, forward_block, dz, ldz, 1, scratch, 0, ck_lanes, dx + k, ldx, 0, 0);
  }
}
