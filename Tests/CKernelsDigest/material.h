// What the digests are made of: seeded inputs, memory, and the hash.
#pragma once
#include "CKernels.h"
#include <stdint.h>

/// Which numbers a kernel gets.
typedef enum taste {
  /// Between −3 and 3.
  taste_tame = 0,
  /// Finite, some of them zeros, subnormal, very small or very large.
  taste_wide = 1,
  /// Infinities and NaN among them too.
  taste_special = 2,
} taste;

enum { taste_count = 3 };

/// Begins anew: the same draws follow, and all memory is free again.
void begin(uint64_t seed);

uint64_t draw_bits(void);
/// In 0 ..< 1.
float draw_unit(void);
float draw(taste how);

/// Zeros, aligned to a cache line, with room for a vector beyond; until the next `begin`.
void *memory(int64_t bytes);
float *floats(int64_t n);
float *drawn(taste how, int64_t n);
/// Rows of `ld` floats, zero beyond `units`.
float *drawn_rows(taste how, int64_t rows, int64_t units, int64_t ld);
/// A panel matrix, zero beyond its columns.
float *drawn_panels(taste how, int64_t inputs, int64_t outputs);

static inline int64_t padded(int64_t n) { return (n + ck_lanes - 1) / ck_lanes * ck_lanes; }

// FNV-1a of 64 bits, over words of 32. All NaN are one: processors give them different
// signs and payloads, which nobody reads.
/// `count` is a multiple of 4.
void hash_bytes(const void *bytes, int64_t count);
void hash_floats(const float *x, int64_t n);
void hash_rows(const float *x, int64_t rows, int64_t units, int64_t ld);
void hash_doubles(const double *x, int64_t n);
uint64_t hash_value(void);
