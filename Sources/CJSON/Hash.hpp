#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

// XXH64, seed 0: fast on short texts, well mixed, and the same on every machine.
// Source: Collet, "xxHash fast digest algorithm", doc/xxhash_spec.md, version 0.1.1.
namespace cjson {

constexpr uint64_t prime1 = 0x9E3779B185EBCA87, prime2 = 0xC2B2AE3D27D4EB4F, prime3 = 0x165667B19E3779F9,
                   prime4 = 0x85EBCA77C2B2AE63, prime5 = 0x27D4EB2F165667C5;

inline uint64_t load64(const void *p) {
  uint64_t value;
  memcpy(&value, p, 8);
  return value;
}

inline uint64_t rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }
inline uint64_t round64(uint64_t lane, uint64_t input) { return rotate(lane + input * prime2, 31) * prime1; }

inline uint64_t hash64(const void *bytes, size_t length) {
  auto p = static_cast<const uint8_t *>(bytes), end = p + length;
  uint64_t h = prime5;
  if (length >= 32) {
    uint64_t lanes[4] = {prime1 + prime2, prime2, 0, 0 - prime1};
    for (; end - p >= 32; p += 32)
      for (int i = 0; i < 4; i++) lanes[i] = round64(lanes[i], load64(p + 8 * i));
    h = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
    for (uint64_t lane : lanes) h = (h ^ round64(0, lane)) * prime1 + prime4;
  }
  h += length;
  for (; end - p >= 8; p += 8) h = rotate(h ^ round64(0, load64(p)), 27) * prime1 + prime4;
  if (end - p >= 4) {
    uint32_t word;
    memcpy(&word, p, 4);
    h = rotate(h ^ word * prime1, 23) * prime2 + prime3;
    p += 4;
  }
  for (; p < end; p++) h = rotate(h ^ *p * prime5, 11) * prime1;
  h = (h ^ (h >> 33)) * prime2;
  h = (h ^ (h >> 29)) * prime3;
  return h ^ (h >> 32);
}

// A hash whose high half is not 0: one of 4 billion is another then.
inline uint64_t wholeHash(uint64_t hash) { return hash >> 32 == 0 ? hash | uint64_t(1) << 32 : hash; }

}  // namespace cjson
