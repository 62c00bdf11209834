#pragma once
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "Hash.hpp"

// Numbers by the grammar of RFC 8259. The value is the double nearest to the decimal text, and for a float field that
// double rounded to float. Every function reads past the number it is given, so the buffer is padded.
namespace cjson {

// The hot path is one function: a call in it costs more than the work it holds.
#define CJSON_INLINE inline __attribute__((always_inline))

// A second body for CPUs with AVX2 and BMI2, chosen when the program is loaded: bit counts and shifts are cheaper there.
#if defined(__x86_64__) && defined(__linux__)
#define CJSON_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define CJSON_CLONES
#endif

// What may follow a scalar: a structural character or white space.
struct Terminators {
  bool ends[256] = {};
  constexpr Terminators() {
    for (uint8_t c : {' ', '\t', '\n', '\r', ',', '}', ']', ':'}) ends[c] = true;
  }
};
inline constexpr Terminators terminators;

inline bool isSpace(uint8_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

inline constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
inline constexpr uint64_t wholePowers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

struct Number {
  double value;        // exact, or within 2 units in the last place when !isExact
  const uint8_t *end;  // one past the text; nullptr: not a number
  bool isExact;
  bool isWhole;        // neither fraction nor exponent
};

// Eight characters, so that digits are 0 … 9.
CJSON_INLINE uint64_t eightDigits(const uint8_t *p) { return load64(p) ^ 0x3030303030303030; }

// How many of the first characters are digits. A character that is none is flagged; what its sum carries over falsifies
// only flags that come after it.
CJSON_INLINE unsigned digitCount(uint64_t digits) {
  uint64_t flags = (digits | (digits + 0x7676767676767676)) & 0x8080808080808080;
  return flags == 0 ? 8 : unsigned(__builtin_ctzll(flags)) / 8;
}

// The value of the first `count` of them, 1 … 8: they move to the end, zeros come before them, and neighbours are joined
// to twos, fours and eight. Source: Lemire 2018, "Quickly parsing eight digits".
CJSON_INLINE uint64_t digitValue(uint64_t digits, unsigned count) {
  digits <<= (8 - count) * 8;
  digits = digits * 10 + (digits >> 8);
  return ((digits & 0x000000FF000000FF) * 0x000F424000000064 +
          ((digits >> 16) & 0x000000FF000000FF) * 0x0000271000000001) >> 32;
}

// Takes all digits at p and returns how many; more than 19 leave nonsense in `mantissa`.
inline size_t takeDigits(const uint8_t *p, uint64_t &mantissa) {
  for (size_t all = 0;; all += 8) {
    uint64_t digits = eightDigits(p + all);
    unsigned count = digitCount(digits);
    if (count > 0) mantissa = mantissa * wholePowers[count] + digitValue(digits, count);
    if (count < 8) return all + count;
  }
}

// The double nearest to the text, whatever its length; infinite when no double holds it.
inline double exactValue(const uint8_t *start, const uint8_t *end) {
  double value = 0;
  auto result = std::from_chars(reinterpret_cast<const char *>(start), reinterpret_cast<const char *>(end), value);
  if (result.ec == std::errc()) return value;
  // Too large or too small, which from_chars does not tell apart. The text ends with a terminator, so strtod stops.
  return strtod(reinterpret_cast<const char *>(start), nullptr);
}

CJSON_INLINE double withSign(double value, bool isNegative) {
  // Without a branch: in real data nothing predicts the sign.
  uint64_t bits;
  memcpy(&bits, &value, 8);
  bits |= uint64_t(isNegative) << 63;
  memcpy(&value, &bits, 8);
  return value;
}

// Reads any number at `start`, which a terminator must follow.
inline Number readNumber(const uint8_t *start) {
  constexpr Number none = {0, nullptr, false, false};
  const uint8_t *p = start;
  bool isNegative = *p == '-';
  p += isNegative;
  const uint8_t *first = p;
  uint64_t mantissa = 0;
  size_t digits = takeDigits(p, mantissa);
  p += digits;
  // No digit at all, or a zero that more digits follow.
  if (digits == 0 || (*first == '0' && digits > 1)) return none;
  int64_t exponent = 0;
  bool isWhole = true;
  if (*p == '.') {
    isWhole = false;
    size_t fraction = takeDigits(++p, mantissa);
    if (fraction == 0) return none;
    p += fraction;
    exponent = -int64_t(fraction);
    digits += fraction;
  }
  if ((*p | 0x20) == 'e') {
    isWhole = false;
    p++;
    bool isSmall = *p == '-';
    if (*p == '-' || *p == '+') p++;
    const uint8_t *power = p;
    int64_t given = 0;
    for (; uint8_t(*p - '0') < 10; p++)
      if (given < 100000000) given = given * 10 + (*p - '0');
    if (p == power) return none;
    exponent += isSmall ? -given : given;
  }
  if (!terminators.ends[*p]) return none;
  // Up to 18 digits the mantissa is exact; both factors of the quotient or product are then doubles, and rounding
  // happens once (Clinger 1990), or twice when the mantissa has more than 53 bits.
  if (digits <= 18 && exponent >= -22 && exponent <= 22) {
    double value = double(int64_t(mantissa));
    value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
    return {withSign(value, isNegative), p, mantissa <= (uint64_t(1) << 53), isWhole};
  }
  return {exactValue(start, p), p, true, isWhole};
}

// Reads the number at `start` when it is of the kind that streams are full of: up to eight digits, seven of them before
// the point, no exponent. False: it is something else, perhaps no number at all.
//
// One pass without a loop: the characters before the point and those after it are put side by side and valued together.
// Nothing that differs from number to number is a branch, but for the point.
CJSON_INLINE bool readShortNumber(const uint8_t *start, double &value) {
  bool isNegative = *start == '-';
  const uint8_t *p = start + isNegative;
  uint64_t digits = eightDigits(p);
  uint64_t flags = (digits | (digits + 0x7676767676767676)) & 0x8080808080808080;
  if (flags == 0) return false;
  unsigned whole = unsigned(__builtin_ctzll(flags)) / 8;
  // At least one digit before the point, and after a zero no more.
  if (whole - 1 >= ((digits & 0xFF) == 0 ? 1u : 8u)) return false;
  unsigned count = whole;
  const uint8_t *end = p + whole;
  if (*end == '.') {
    uint64_t after = ~uint64_t(0) << 8 * whole;
    digits = (digits & ~after) | (eightDigits(p + 1) & after);
    count = digitCount(digits);
    if (count == whole) return false;
    end = p + 1 + count;
  }
  if (!terminators.ends[*end]) return false;
  value = withSign(double(int64_t(digitValue(digits, count))) / powers[count - whole], isNegative);
  return true;
}

inline bool isWord(const uint8_t *start, const char *word, size_t length) {
  return memcmp(start, word, length) == 0 && terminators.ends[start[length]];
}

// Whether a number or one of the three words is here.
inline bool isScalar(const uint8_t *start) {
  switch (*start) {
    case 't': return isWord(start, "true", 4);
    case 'f': return isWord(start, "false", 5);
    case 'n': return isWord(start, "null", 4);
    default: return readNumber(start).end != nullptr;
  }
}

// Whether rounding an inexact double to float gives what rounding the exact one would: it does unless the 29 bits that
// go are next to half of the unit that stays.
inline bool roundsSafely(double value) {
  double magnitude = std::fabs(value);
  if (!(magnitude > 1e-30 && magnitude < 1e30)) return false;
  uint64_t bits;
  memcpy(&bits, &value, 8);
  uint64_t rest = bits & 0x1FFFFFFF;
  return rest < 0x0FFFFFF8 || rest > 0x10000008;
}

}  // namespace cjson
