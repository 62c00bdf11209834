#include "CKernels.h"
#include <string.h>

// Eight lanes of one multiplication a word: each step of a lane is a bijection, so a change in one word always changes its
// lane, and what is left to chance is how the lanes are folded: 1 in 2^64.
enum { lanes = 8 };
static const uint64_t odd = 0x9e3779b97f4a7c15u;

static uint64_t mix(uint64_t state, uint64_t word) {
  state = (state ^ word) * odd;
  return state ^ (state >> 29);
}

uint64_t ck_digest(const void *bytes, size_t count, uint64_t seed) {
  const unsigned char *at = bytes;
  uint64_t state[lanes], word[lanes];
  for (int lane = 0; lane < lanes; lane++) state[lane] = seed + (uint64_t)(lane + 1) * odd;
  size_t left = count;
  for (; left >= sizeof word; left -= sizeof word, at += sizeof word) {
    memcpy(word, at, sizeof word);
    for (int lane = 0; lane < lanes; lane++) state[lane] = mix(state[lane], word[lane]);
  }
  memset(word, 0, sizeof word);
  if (left > 0) memcpy(word, at, left);
  for (int lane = 0; lane < lanes; lane++) state[lane] = mix(state[lane], word[lane]);
  uint64_t whole = mix(seed, count);
  for (int lane = 0; lane < lanes; lane++) whole = mix(whole, state[lane]);
  return whole;
}
