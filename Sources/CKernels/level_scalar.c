// One float at a time: the reference that the vector levels are held against.
#include "CKernels.h"
#include "levels.h"

#define CK_LEVEL ck_level_scalar
#define CK_WIDTH 1
#define CK_SOFT_FMA 0
#define CK_TABLE ck_table_scalar
#include "level.h"
