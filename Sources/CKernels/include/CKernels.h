// The learner's inner loops. See `Sources/README.md`: vectorised across outputs, summed over the inner dimension in
// one fixed order with fused multiply-add, reduced in a fixed tree of 16 lanes; so every CPU level gives the same bits.
#pragma once
#include <stdint.h>

/// Makes the calling thread flush subnormal results to zero and read subnormal operands as zero; returns the mode before.
uint32_t ck_flush_subnormals(void);
/// Puts back a mode that `ck_flush_subnormals` returned.
void ck_restore_mode(uint32_t mode);
