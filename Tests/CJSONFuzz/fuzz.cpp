#include "harness.hpp"

// libFuzzer's door.

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
  announce();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  check(bytes, length);
  return 0;
}
