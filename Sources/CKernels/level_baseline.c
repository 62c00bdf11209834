// Four floats: SSE2 with an emulated fused multiply-add, or NEON with its own.
#include "CKernels.h"
#include "levels.h"

#define CK_LEVEL ck_level_baseline
#define CK_WIDTH 4
#if defined(__x86_64__)
#define CK_SOFT_FMA 1
#else
#define CK_SOFT_FMA 0
#endif
#define CK_TABLE ck_table_baseline
#include "level.h"
