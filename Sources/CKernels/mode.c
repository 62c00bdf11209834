#include "CKernels.h"
#include <sys/mman.h>

void ck_prefer_large_pages(void *memory, size_t bytes) {
#if defined(MADV_HUGEPAGE)
  madvise(memory, bytes, MADV_HUGEPAGE);
#else
  (void)memory;
  (void)bytes;
#endif
}

#if defined(__x86_64__)
#include <xmmintrin.h>

enum { flush_to_zero = 0x8000, denormals_are_zero = 0x0040 };

uint32_t ck_flush_subnormals(void) {
  uint32_t before = _mm_getcsr();
  uint32_t wanted = before | flush_to_zero | denormals_are_zero;
  if (wanted != before) _mm_setcsr(wanted);
  return before;
}

void ck_restore_mode(uint32_t mode) {
  if (_mm_getcsr() != mode) _mm_setcsr(mode);
}

#elif defined(__aarch64__)

uint32_t ck_flush_subnormals(void) {
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  uint64_t wanted = before | (1ull << 24);  // FZ: operands and results
  if (wanted != before) __asm__ volatile("msr fpcr, %0" : : "r"(wanted));
  return (uint32_t)before;
}

void ck_restore_mode(uint32_t mode) {
  uint64_t value = mode;
  __asm__ volatile("msr fpcr, %0" : : "r"(value));
}

#else
#error "the kernels need x86-64 or AArch64"
#endif
