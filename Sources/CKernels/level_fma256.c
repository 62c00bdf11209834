// Eight floats: AVX2 and FMA.
#include "CKernels.h"
#include "levels.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define CK_LEVEL ck_level_fma256
#define CK_WIDTH 8
#define CK_SOFT_FMA 0
#define CK_TABLE ck_table_fma256
#include "level.h"
#pragma clang attribute pop
#endif
