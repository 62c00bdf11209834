// The tables that the levels' sources define.
#pragma once
#include "CKernels.h"

extern const ck_kernels ck_table_scalar;
extern const ck_kernels ck_table_baseline;
#if defined(__x86_64__)
extern const ck_kernels ck_table_fma256;
extern const ck_kernels ck_table_fma512;
#endif
