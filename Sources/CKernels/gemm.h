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

CK_INLINE int64_t panels_of(int64_t n) { return (n + ck_lanes - 1) / ck_lanes; }

/// Asks for `lines` rows of a panel, `stride` floats apart.
CK_INLINE void ask(const float *p, int64_t stride, int64_t lines) {
  for (int64_t i = 0; i < lines; i++) __builtin_prefetch(p + i * stride, 0, 3);
}

/// C = start + A·B over all rows and panels. Strips of panels outside, rows inside, so that a strip stays in L1 while
/// the rows stream by; depth in blocks for the same reason, sums waiting in C between blocks. `far`: C and B come from
/// beyond L2, so the next tile of C and the next strip of B are asked for while this one is worked on.
CK_INLINE void product(
  const int far, int64_t rows, int64_t panels, int64_t depth, int64_t block, const float *a, int64_t ai, int64_t at,
  const float *b, int64_t bp, int64_t bt, float *c, int64_t ci, int64_t cp, const float *bias) {
  if (depth == 0) block = 1;
  int64_t full = rows - rows % tile_rows;
  int left = (int)(rows - full);
  for (int64_t t = 0; t == 0 || t < depth; t += block) {
    int64_t length = depth - t < block ? depth - t : block;
    int64_t share = full > 0 ? (length * tile_rows + full - 1) / full : 0;  // of the next strip, for each tile
    // Full tiles of rows, strip by strip.
    for (int64_t p = 0; p < panels && full > 0;) {
      int64_t done = 1;
      for (int64_t i = 0; i < full; i += tile_rows) {
        float *out = c + i * ci + p * cp;
        const float *start = t > 0 ? out : bias ? bias + p * ck_lanes : zeros16;
        if (far) {
          CK_UNROLL for (int q = 0; q < tile_panels; q++) {
            if (t > 0) ask(out + tile_rows * ci + q * cp, ci, i + tile_rows < full ? tile_rows : 0);
            int64_t first = i / tile_rows * share;
            if (p + tile_panels + q < panels)
              ask(
                b + (p + tile_panels + q) * bp + (t + first) * bt, bt,
                first < length ? length - first < share ? length - first : share : 0);
          }
        }
        done = tiles(
          tile_rows, panels - p, length, a + i * ai + t * at, ai, at, b + p * bp + t * bt, bp, bt, out, ci, cp, start,
          t > 0 ? ci : 0, t > 0 ? cp : bias ? ck_lanes : 0);
      }
      p += done;
    }
    // The rows left over.
    for (int64_t p = 0; p < panels && left > 0;) {
      float *out = c + full * ci + p * cp;
      const float *start = t > 0 ? out : bias ? bias + p * ck_lanes : zeros16;
      p += tiles(
        left, panels - p, length, a + full * ai + t * at, ai, at, b + p * bp + t * bt, bp, bt, out, ci, cp, start,
        t > 0 ? ci : 0, t > 0 ? cp : bias ? ck_lanes : 0);
    }
  }
}

enum {
  forward_block = CK_WIDTH == 16 ? 512 : 256,  // a strip of L1's size; of L2's where its stream keeps up
  gradient_block = 128,
  near_floats = 1 << 17,  // weights that the caches near the core hold beside the rows that stream by
  unpacked_floats = 1 << 16,
};

static void dense_forward(
  int64_t rows, int64_t inputs, int64_t outputs, const float *x, int64_t ldx, const float *w, const float *bias,
  float *z,
  int64_t ldz) {
  int64_t panels = panels_of(outputs);
#define CK_PRODUCT(FAR)                                                                                               \
  product(FAR, rows, panels, inputs, forward_block, x, ldx, 1, w, inputs * ck_lanes, ck_lanes, z, ldz, ck_lanes, bias)
  if (inputs * panels * ck_lanes > near_floats) CK_PRODUCT(1);
  else CK_PRODUCT(0);
#undef CK_PRODUCT
}

// Whole tiles of rows, and no more floats than the scratch memory has.
enum { pack_rows = 196 - 196 % tile_rows, pack_depth = 256 };

/// packed[tile][t][tile_rows] = x[t][i], so that a tile reads one stretch instead of a row a step. Whole vectors are
/// copied: what is beyond a tile's rows is overwritten by the next step's.
CK_INLINE void pack_columns(int64_t depth, int64_t columns, const float *x, int64_t ldx, float *packed) {
  enum { copied = tile_rows < CK_WIDTH ? CK_WIDTH : tile_rows };
  for (int64_t i = 0; i < columns; i += tile_rows)
    for (int64_t t = 0; t < depth; t++, packed += tile_rows)
      CK_UNROLL for (int j = 0; j < copied; j += CK_WIDTH) store(packed + j, load(x + t * ldx + i + j));
}

static void dense_weight_gradient(
  int64_t rows, int64_t inputs, int64_t outputs, const float *x, int64_t ldx, const float *dz, int64_t ldz, float *dw,
  float *scratch) {
  int64_t panels = panels_of(outputs);
  if (rows < 64 || inputs * panels * ck_lanes <= unpacked_floats) {
    product(
      0, inputs, panels, rows, gradient_block, x, 1, ldx, dz, ck_lanes, ldz, dw, ck_lanes, inputs * ck_lanes, 0);
    return;
  }
#define CK_GRADIENT_TILE(ROWS, FROM, STEP, TO)                                                                        \
  tiles(                                                                                                              \
    ROWS, width, depth, FROM, 1, STEP, strip, ck_lanes, ldz, TO, ck_lanes, inputs * ck_lanes, t > 0 ? TO : zeros16,    \
    t > 0 ? ck_lanes : 0, t > 0 ? inputs * ck_lanes : 0)
  for (int64_t t = 0; t < rows; t += pack_depth) {
    int64_t depth = rows - t < pack_depth ? rows - t : pack_depth;
    for (int64_t i = 0; i < inputs; i += pack_rows) {
      int64_t columns = inputs - i < pack_rows ? inputs - i : pack_rows;
      int64_t full = columns - columns % tile_rows;
      pack_columns(depth, full, x + t * ldx + i, ldx, scratch);
      int64_t share = full > 0 ? (depth * tile_rows + full - 1) / full : 0;
      for (int64_t p = 0, done = 1; p < panels; p += done) {
        const float *strip = dz + t * ldz + p * ck_lanes;
        float *out = dw + (p * inputs + i) * ck_lanes;
        int64_t width = panels - p < tile_panels ? panels - p : tile_panels;
        int64_t asked = p + tile_panels < panels ? 0 : depth;
        for (int64_t j = 0; j < full; j += tile_rows) {
          float *to = out + j * ck_lanes;
          int64_t more = depth - asked < share ? depth - asked : share;
          CK_UNROLL for (int q = 0; q < tile_panels; q++) {
            if (t > 0) ask(to + tile_rows * ck_lanes + q * inputs * ck_lanes, ck_lanes, tile_rows);
            ask(strip + (tile_panels + q) * ck_lanes + asked * ldz, ldz, more);
          }
          asked += more;
          done = CK_GRADIENT_TILE(tile_rows, scratch + j * depth, tile_rows, to);
        }
        if (columns > full)
          done = CK_GRADIENT_TILE(
            (int)(columns - full), x + t * ldx + i + full, ldx, out + full * ck_lanes);
      }
    }
  }
#undef CK_GRADIENT_TILE
}

#include "transpose.h"

/// Rows that go through a group of strips together.
enum { input_rows = pack_rows };

static void dense_input_gradient(
  int64_t rows, int64_t inputs, int64_t outputs, int64_t columns, const float *dz, int64_t ldz, const float *w,
  float *dx,
  int64_t ldx, float *scratch) {
  int64_t padded = panels_of(outputs) * ck_lanes, size = padded * ck_lanes;
  int64_t strips = panels_of(columns), group = ck_scratch_floats / size;
  if (group < 1) group = 1;
  if (group > tile_panels) group -= group % tile_panels;
  for (int64_t s = 0; s < strips; s += group) {
    int64_t count = strips - s < group ? strips - s : group;
    for (int64_t i = 0; i < count; i++)
      transpose_strip(w, inputs, padded, (s + i) * ck_lanes, scratch + i * size);
    for (int64_t r = 0; r < rows; r += input_rows) {
      int64_t live = rows - r < input_rows ? rows - r : input_rows;
#define CK_PRODUCT(FAR)                                                                                               \
  product(                                                                                                            \
    FAR, live, count, outputs, forward_block, dz + r * ldz, ldz, 1, scratch, size, ck_lanes,                          \
    dx + r * ldx + s * ck_lanes, ldx, ck_lanes, 0)
      if (inputs * padded > near_floats) CK_PRODUCT(1);
      else CK_PRODUCT(0);
#undef CK_PRODUCT
    }
  }
}
