// GHASH, the sum of products that a code of AES-GCM is made of, where the processor multiplies four pairs of polynomials at
// once (VPCLMULQDQ).
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { ghash_blocks = 64 };
typedef struct {
  unsigned char powers[ghash_blocks][16];
} ghash_key;

/// Whether the others may be called on this processor.
bool ghash_runs(void);
/// `h`: 16 bytes, the cipher of a block of zeros.
void ghash_prepare(ghash_key *key, const void *h);
/// Takes up blocks of 16 bytes; `state`: 16 bytes, zero at the beginning.
void ghash_add(const ghash_key *key, void *state, const void *bytes, size_t blocks);
