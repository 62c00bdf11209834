// Sixteen floats: AVX-512 (F, VL, BW, DQ).
#include "CKernels.h"
#include "levels.h"

#if defined(__x86_64__)
#pragma clang attribute push(                                                                                         \
  __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"))), apply_to = function)
#define CK_LEVEL ck_level_fma512
#define CK_WIDTH 16
#define CK_SOFT_FMA 0
#define CK_TABLE ck_table_fma512
#include "level.h"
#pragma clang attribute pop
#endif
