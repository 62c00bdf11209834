#include "material.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { arena_bytes = 64 << 20, line = 64, slack = 16 * sizeof(float) };

static uint64_t state, hash;
static _Alignas(64) unsigned char arena[arena_bytes];
static int64_t used;

void begin(uint64_t seed) {
  state = seed;
  hash = 0xcbf29ce484222325u;
  used = 0;
}

// SplitMix64. Source: Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators".
uint64_t draw_bits(void) {
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

float draw_unit(void) { return (float)(draw_bits() >> 40) * 0x1p-24f; }

float draw(taste how) {
  static const float wide[] = {
    0.0f, -0.0f, 1.0f, -1.0f, 1e-40f, -1e-40f, 0x1p-149f, 0x1.fffffep-127f, 0x1p-126f, -0x1p-126f, 1e-20f, -1e-20f,
    16.0f, -16.0f, 88.8f, -88.8f, -87.4f, -103.9f, 1e5f, -1e5f, 1e20f, -1e20f, 0x1.fffffep127f, -0x1.fffffep127f};
  static const float beyond[] = {__builtin_inff(), -__builtin_inff(), __builtin_nanf("")};
  enum { wide_count = sizeof wide / sizeof *wide, beyond_count = sizeof beyond / sizeof *beyond };
  float plain = draw_unit() * 6.0f - 3.0f;
  uint64_t which = draw_bits() % 256;
  if (how >= taste_wide && which < wide_count) return wide[which];
  if (how == taste_special && which >= 256 - beyond_count) return beyond[255 - which];
  return plain;
}

void *memory(int64_t bytes) {
  int64_t whole = (bytes + slack + line - 1) / line * line;
  if (used + whole > arena_bytes) {
    fprintf(stderr, "the arena is too small\n");
    exit(70);
  }
  void *found = memset(arena + used, 0, whole);
  used += whole;
  return found;
}

float *floats(int64_t n) { return memory(n * sizeof(float)); }

float *drawn(taste how, int64_t n) { return drawn_rows(how, 1, n, n); }

float *drawn_rows(taste how, int64_t rows, int64_t units, int64_t ld) {
  float *x = floats(rows * ld);
  for (int64_t r = 0; r < rows; r++)
    for (int64_t n = 0; n < units; n++) x[r * ld + n] = draw(how);
  return x;
}

float *drawn_panels(taste how, int64_t inputs, int64_t outputs) {
  float *w = floats(inputs * padded(outputs));
  for (int64_t n = 0; n < outputs; n++)
    for (int64_t k = 0; k < inputs; k++) w[(n / ck_lanes * inputs + k) * ck_lanes + n % ck_lanes] = draw(how);
  return w;
}

static void hash_word(uint32_t word) { hash = (hash ^ word) * 0x100000001b3u; }

void hash_bytes(const void *bytes, int64_t count) {
  for (int64_t i = 0; i < count; i += sizeof(uint32_t)) {
    uint32_t word;
    memcpy(&word, (const char *)bytes + i, sizeof word);
    hash_word(word);
  }
}

void hash_floats(const float *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    hash_word((bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc00000u : bits);
  }
}

void hash_rows(const float *x, int64_t rows, int64_t units, int64_t ld) {
  for (int64_t r = 0; r < rows; r++) hash_floats(x + r * ld, units);
}

void hash_doubles(const double *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    uint64_t bits;
    memcpy(&bits, x + i, sizeof bits);
    if ((bits & 0x7fffffffffffffffu) > 0x7ff0000000000000u) bits = 0x7ff8000000000000u;
    hash_word((uint32_t)bits);
    hash_word((uint32_t)(bits >> 32));
  }
}

uint64_t hash_value(void) { return hash; }
