// Prints what the kernels compute as digests, one a line: family, inputs, arithmetic, level, digest. Two machines, or
// two levels, whose digests of a family are the same computed the same bits. `check.sh` compares them.
#include "families.h"
#include <inttypes.h>
#include <stdio.h>

// A kernel that was added needs a call in its family. All but `peak`, which gives no bits to compare, are called there.
enum { kernels_digested = 42 };
_Static_assert(
  sizeof(ck_kernels) == 8 + (kernels_digested + 1) * sizeof(void (*)(void)), "a new kernel has no digest yet");

typedef struct family {
  const char *name;
  void (*run)(const ck_kernels *k, taste how);
} family;

static const family all[] = {
  {"dense", dense_products},         {"thin", thin_products}, {"activations", activations},
  {"gates", gates_and_slopes},       {"norms", normalizations}, {"blends", blends},
  {"losses", losses},                {"optimizers", optimizers}, {"functions", plain_functions},
  {"tables", tables},                {"rounding", rounding}, {"recipes", recipes},
};

static const char *const levels[] = {"scalar", "baseline", "fma256", "fma512"};
static const char *const tastes[] = {"tame", "wide", "special"};

/// `flushes`: with subnormals as zero, as the learner computes.
static void print_all(const ck_kernels *k, int flushes) {
  for (int f = 0; f < (int)(sizeof all / sizeof *all); f++)
    for (int how = 0; how < taste_count; how++) {
      uint32_t mode = flushes ? ck_flush_subnormals() : 0;
      begin(1 + f);
      all[f].run(k, how);
      if (flushes) ck_restore_mode(mode);
      printf(
        "%s %s %s %s %016" PRIx64 "\n", all[f].name, tastes[how], flushes ? "flushed" : "gradual", levels[k->level],
        hash_value());
    }
}

int main(void) {
  for (int level = ck_level_scalar; level <= ck_level_fma512; level++) {
    const ck_kernels *k = ck_kernels_at((ck_level)level);
    if (!k) continue;
    print_all(k, 0);
    print_all(k, 1);
  }
  return 0;
}
