// Keys: what two numbers name, told apart by 64 bits; 0 names nothing.
#pragma once
#include "CKernels.h"

/// - Source: the finalizer of Appleby's MurmurHash3, over a sum of products with odd constants.
static inline uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t h = a * 0x9E3779B97F4A7C15ull ^ ((b << 31 | b >> 33) + 0x632BE59BD9B4E019ull) * 0xC2B2AE3D27D4EB4Full;
  h ^= h >> 33;
  h *= 0xFF51AFD7ED558CCDull;
  h ^= h >> 33;
  h *= 0xC4CEB9FE1A85EC53ull;
  h ^= h >> 33;
  return h ? h : 1;
}

/// Neither absent nor infinite.
static inline int is_given(float value) { return value - value == 0; }

/// Given, and not so far from what is usual that it is somebody's mistake: that counts as absent, until there are many.
static inline int is_believed(const ck_number *q, float value) {
  if (!is_given(value)) return 0;
  double off = (value - q->mean) * q->inverse;
  return q->seen <= 64 || q->distinct < 2 || (off < 1e4 && off > -1e4);
}

/// The bits of a value; 0 and −0 are one.
static inline uint64_t value_bits(float value) {
  uint32_t bits;
  value += 0.0f;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}

enum { kind_category = 1, kind_value = 2, kind_absent = 3, kind_bin = 4, kind_recent = 5 };

static inline uint64_t key_of(uint64_t name, uint64_t kind, uint64_t what) { return mix(mix(name, kind), what); }

/// Where `value` lies: it is `share` of the way from a knot to the next.
static inline int place_of(const float *knot, int count, float value, float *share) {
  if (value <= knot[0]) return *share = 0, 0;
  if (value >= knot[count - 1]) return *share = 1, count - 2;
  int low = 0, high = count - 1;
  while (high - low > 1) {
    int middle = (low + high) / 2;
    if (value >= knot[middle]) low = middle;
    else high = middle;
  }
  *share = (value - knot[low]) / (knot[low + 1] - knot[low]);
  return low;
}

static inline double held(double value, double limit) {
  return value > limit ? limit : value < -limit ? -limit : value;
}
