#include "levels.h"
#include <stddef.h>
#include <stdlib.h>

const ck_kernels *ck_kernels_at(ck_level level) {
  switch (level) {
    case ck_level_scalar: return &ck_table_scalar;
    case ck_level_baseline: return &ck_table_baseline;
#if defined(__x86_64__)
    case ck_level_fma256:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &ck_table_fma256 : NULL;
    case ck_level_fma512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
          && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
        ? &ck_table_fma512
        : NULL;
#endif
    default: return NULL;
  }
}

ck_level ck_best_level(void) {
  for (int level = ck_level_fma512; level > ck_level_scalar; level--)
    if (ck_kernels_at((ck_level)level)) return (ck_level)level;
  return ck_level_scalar;
}

const char *ck_wanted_level(void) {
  const char *name = getenv("RETRAIN_CPU_LEVEL");
  return name && *name ? name : NULL;
}
