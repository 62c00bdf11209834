#pragma once
#include "Number.hpp"
#include "Schema.hpp"

// Keys, strings and numbers read 32 characters at once, for CPUs with AVX2.
#if defined(__x86_64__)
#include <immintrin.h>

#define CJSON_AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define CJSON_AVX2_INLINE inline __attribute__((always_inline, target("avx2,bmi,bmi2")))

namespace cjson {

inline bool hasVectors() {
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  return has;
}

CJSON_AVX2_INLINE __m256i load256(const void *p) { return _mm256_loadu_si256(static_cast<const __m256i *>(p)); }

CJSON_AVX2_INLINE __m128i load128(const void *p) { return _mm_loadu_si128(static_cast<const __m128i *>(p)); }

// One bit a character.
CJSON_AVX2_INLINE uint32_t equals(__m256i text, char c) {
  return uint32_t(_mm256_movemask_epi8(_mm256_cmpeq_epi8(text, _mm256_set1_epi8(c))));
}

// Whether the key, as most records write it, is at p.
CJSON_AVX2_INLINE bool isAt(const Key &key, const uint8_t *p) {
  uint32_t same = uint32_t(_mm256_movemask_epi8(_mm256_cmpeq_epi8(load256(p), load256(key.pattern))));
  return _bzhi_u32(~same, key.length) == 0;
}

// Length of a string that is plain ASCII without escapes and begins at p; -1: it is something else, or does not end.
CJSON_AVX2_INLINE ptrdiff_t plainLength(const uint8_t *p, const uint8_t *end) {
  for (const uint8_t *start = p; p < end; p += 32) {
    __m256i text = load256(p);
    uint32_t quotes = equals(text, '"');
    // As signed numbers, control characters and everything beyond ASCII are less than a space.
    uint32_t others = uint32_t(_mm256_movemask_epi8(_mm256_cmpgt_epi8(_mm256_set1_epi8(' '), text))) | equals(text, '\\');
    uint32_t found = quotes | others;
    if (found == 0) continue;
    return (found & -found & quotes) != 0 ? p - start + ptrdiff_t(_tzcnt_u32(found)) : -1;
  }
  return -1;
}

// Thirty-two zero bytes and thirty-two of ones: read from place n on, the last n of 32 lanes are chosen.
struct Slide {
  alignas(64) uint8_t bytes[64] = {};
  constexpr Slide() {
    for (int i = 32; i < 64; i++) bytes[i] = 0xFF;
  }
};
inline constexpr Slide slide;

// 10^n, and from place 32 on −10^n: what a mantissa is divided by.
struct SignedPowers {
  double values[64] = {};
  constexpr SignedPowers() {
    for (int i = 0; i <= 22; i++) values[i] = powers[i], values[32 + i] = -powers[i];
  }
};
inline constexpr SignedPowers signedPowers;

// How the last 16 characters of a number become its digits, right-aligned after zeros: by the digits after the point and
// those in all, the place each is taken from. Without a digit after it there is no point either.
struct Joints {
  alignas(64) uint8_t places[16][16][16] = {};
  constexpr Joints() {
    for (int fraction = 0; fraction < 16; fraction++)
      for (int count = 0; count < 16; count++)
        for (int lane = 0; lane < 16; lane++) {
          int place = fraction > 0 && lane < 16 - fraction ? lane - 1 : lane;
          places[fraction][count][lane] = lane < 16 - count || place < 0 ? 0x80 : uint8_t(place);
        }
  }
};
inline constexpr Joints joints;

// The values of the first and the last eight of 16 digits, 0 … 9 each, in the two lower lanes.
CJSON_AVX2_INLINE __m128i halves(__m128i digits) {
  __m128i fours = _mm_madd_epi16(_mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A)), _mm_set1_epi32(0x00010064));
  return _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710));
}

CJSON_AVX2_INLINE uint64_t valueOf(__m128i digits) {
  uint64_t both = uint64_t(_mm_cvtsi128_si64(halves(digits)));
  return uint64_t(uint32_t(both)) * 100000000 + (both >> 32);
}

// The parts of a number without an exponent: up to 31 characters of digits, perhaps with a sign before and a point between
// them. What follows them is for the caller to look at.
//
// Nothing that differs from number to number is a branch, but for the point.
struct Decimal {
  unsigned isNegative, whole, fraction, count;  // digits before the point, after it, and in all
  const uint8_t *end;
  bool isNumber;  // by the grammar

  CJSON_AVX2_INLINE explicit Decimal(const uint8_t *start) {
    __m256i text = load256(start);
    __m256i digits = _mm256_sub_epi8(text, _mm256_set1_epi8('0'));
    uint32_t isDigit =
        uint32_t(_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(digits, _mm256_set1_epi8(9)), digits)));
    isNegative = *start == '-';
    uint32_t others = ~isDigit ^ isNegative;
    unsigned stop = unsigned(_tzcnt_u32(others)), length = stop;
    whole = count = stop - isNegative;
    fraction = 0;
    // At least one digit before the point, after a zero no more, and at least one after the point.
    isNumber = whole - 1 < (start[isNegative] == '0' ? 1u : 31u);
    if (start[stop] == '.') {
      // A branch, so that the search for the next key need not wait for the look at the point.
      asm volatile("");
      length = unsigned(_tzcnt_u32(others & (others - 1)));
      fraction = length - stop - 1;
      count += fraction;
      isNumber &= fraction > 0;
    }
    end = start + length;
  }

  // Up to 15 digits; exact.
  CJSON_AVX2_INLINE double shortValue() const {
    __m128i places = _mm_load_si128(reinterpret_cast<const __m128i *>(joints.places[fraction][count]));
    __m128i digits = _mm_subs_epu8(_mm_shuffle_epi8(load128(end - 16), places), _mm_set1_epi8('0'));
    __m128d parts = _mm_cvtepi32_pd(halves(digits));
    double mantissa = _mm_cvtsd_f64(parts) * 1e8 + _mm_cvtsd_f64(_mm_unpackhi_pd(parts, parts));
    return divided(mantissa);
  }

  // The digits as one number, up to 18 of them. Those before the point are taken from one place to the left.
  CJSON_AVX2_INLINE uint64_t mantissa() const {
    __m256i isFraction = load256(slide.bytes + (fraction > 0 ? fraction : 32));
    __m256i digits = _mm256_blendv_epi8(load256(end - 33), load256(end - 32), isFraction);
    digits = _mm256_and_si256(_mm256_sub_epi8(digits, _mm256_set1_epi8('0')), load256(slide.bytes + count));
    return valueOf(_mm256_castsi256_si128(digits)) * 10000000000000000 + valueOf(_mm256_extracti128_si256(digits, 1));
  }

  CJSON_AVX2_INLINE double divided(double mantissa) const {
    return mantissa / signedPowers.values[fraction + 32 * isNegative];
  }
};

// Reads a number of up to 18 digits without an exponent; `end` is nullptr when it is something else, perhaps no number.
CJSON_AVX2_INLINE Number readVectorNumber(const uint8_t *start) {
  Decimal decimal(start);
  if (!decimal.isNumber || decimal.count > 18 || (*decimal.end | 0x20) == 'e') return {0, nullptr, false, false};
  if (decimal.count <= 15) return {decimal.shortValue(), decimal.end, true, decimal.fraction == 0};
  uint64_t mantissa = decimal.mantissa();
  double value = decimal.divided(double(int64_t(mantissa)));
  return {value, decimal.end, mantissa <= (uint64_t(1) << 53), decimal.fraction == 0};
}

}  // namespace cjson
#else
namespace cjson {
inline bool hasVectors() { return false; }
}  // namespace cjson
#endif
