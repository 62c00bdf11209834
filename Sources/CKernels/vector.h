// Vectors of CK_WIDTH floats and what the kernels need of them. Included once a level.
#ifndef CK_WIDTH
#error "a level defines CK_WIDTH first"
#endif

#define CK_INLINE static inline __attribute__((always_inline))
#define CK_UNROLL _Pragma("clang loop unroll(full)")

enum { NV = ck_lanes / CK_WIDTH };  // vectors of one row of a panel

typedef float vf __attribute__((ext_vector_type(CK_WIDTH)));
typedef int32_t vi __attribute__((ext_vector_type(CK_WIDTH)));
typedef double vd __attribute__((ext_vector_type(CK_WIDTH)));
typedef int64_t vl __attribute__((ext_vector_type(CK_WIDTH)));
typedef float vf_loose __attribute__((ext_vector_type(CK_WIDTH), aligned(4), may_alias));

CK_INLINE vf load(const float *p) { return *(const vf_loose *)p; }
CK_INLINE void store(float *p, vf v) { *(vf_loose *)p = v; }
CK_INLINE vf splat(float x) { return (vf)x; }
CK_INLINE vi bits(vf v) { return __builtin_bit_cast(vi, v); }
CK_INLINE vf floats(vi v) { return __builtin_bit_cast(vf, v); }
/// a where the mask is set, else b.
CK_INLINE vf pick(vi mask, vf a, vf b) { return floats((mask & bits(a)) | (~mask & bits(b))); }
CK_INLINE vf magnitude(vf v) { return floats(bits(v) & (vi)0x7fffffff); }
/// a < b ? a : b, so b where either is NaN.
CK_INLINE vf lesser(vf a, vf b) { return a < b ? a : b; }
CK_INLINE vf greater(vf a, vf b) { return a > b ? a : b; }

/// Lanes at or beyond `live` become zero.
CK_INLINE vf keep_live(vf x, int64_t first, int64_t live) {
  if (first + CK_WIDTH <= live) return x;
  vi mask = 0;
  for (int i = 0; i < CK_WIDTH; i++) mask[i] = first + i < live ? -1 : 0;
  return floats(bits(x) & mask);
}

/// The first `live` elements, the other lanes zero; nothing beyond them is read.
CK_INLINE vf load_live(const float *p, int64_t live) {
  if (live >= CK_WIDTH) return load(p);
  vf x = splat(0.0f);
  for (int64_t i = 0; i < live; i++) x[i] = p[i];
  return x;
}

/// Stores the lanes below `live` and nothing beyond them.
CK_INLINE void store_live(float *p, vf x, int64_t live) {
  if (live >= CK_WIDTH) {
    store(p, x);
    return;
  }
  for (int64_t i = 0; i < live; i++) p[i] = x[i];
}

#if CK_SOFT_FMA
// No fused multiply-add in hardware: the product of two floats is exact in double; the sum is rounded to odd there, so
// that the second rounding, to float, is the only one that counts.
// Source: Boldo & Melquiond 2008, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to
// odd".
CK_INLINE vf fma_(vf a, vf b, vf c) {
  vd p = __builtin_convertvector(a, vd) * __builtin_convertvector(b, vd);
  vd d = __builtin_convertvector(c, vd);
  vd s = p + d;
  vd t = s - p;
  vd error = (p - (s - t)) + (d - t);
  vl sum_bits = __builtin_bit_cast(vl, s);
  vl even = (sum_bits & (vl)1) - (vl)1;
  vl finite = (vl)((s - s) == (vd)0.0);
  vl inexact = (vl)(error != (vd)0.0);
  vl direction = ((__builtin_bit_cast(vl, error) ^ sum_bits) >> (vl)63) | (vl)1;
  sum_bits += direction & even & inexact & finite;
  return __builtin_convertvector(__builtin_bit_cast(vd, sum_bits), vf);
}
#else
CK_INLINE vf fma_(vf a, vf b, vf c) { return __builtin_elementwise_fma(a, b, c); }
#endif

/// The fixed tree over 16 lanes.
CK_INLINE float tree(const vf lanes[NV]) {
#if CK_WIDTH == 16
  float __attribute__((ext_vector_type(8))) a = lanes[0].lo + lanes[0].hi;
  float __attribute__((ext_vector_type(4))) b = a.lo + a.hi;
#elif CK_WIDTH == 8
  vf a = lanes[0] + lanes[1];
  float __attribute__((ext_vector_type(4))) b = a.lo + a.hi;
#elif CK_WIDTH == 4
  vf a = lanes[0] + lanes[2], a2 = lanes[1] + lanes[3];
  vf b = a + a2;
#else
  float a[8], b[4];
  for (int i = 0; i < 8; i++) a[i] = lanes[i].x + lanes[i + 8].x;
  for (int i = 0; i < 4; i++) b[i] = a[i] + a[i + 4];
#endif
#if CK_WIDTH == 1
  float c = b[0] + b[2], d = b[1] + b[3];
#else
  float c = b.x + b.z, d = b.y + b.w;
#endif
  return c + d;
}
