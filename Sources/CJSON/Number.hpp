#pragma once
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

// Numbers by the grammar of RFC 8259. The value is the double nearest to the decimal text, and for a float field that
// double rounded to float.
namespace cjson {

// What may follow a scalar: a structural character or white space.
struct Terminators {
  bool ends[256] = {};
  constexpr Terminators() {
    for (uint8_t c : {' ', '\t', '\n', '\r', ',', '}', ']', ':'}) ends[c] = true;
  }
};
inline constexpr Terminators terminators;

inline constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
inline constexpr uint64_t wholePowers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

struct Number {
  double value;          // exact, or within 2 units in the last place when !isExact
  const uint8_t *end;    // one past the text; nullptr: not a number
  bool isExact;
  bool isWhole;          // neither fraction nor exponent
};

// Takes up to eight digits at p into `mantissa` without a branch on how many; returns how many.
// Reads eight bytes: the buffer is padded.
inline unsigned takeDigits(const uint8_t *p, uint64_t &mantissa) {
  uint64_t digits;
  memcpy(&digits, p, 8);
  digits ^= 0x3030303030303030;
  uint64_t other = (digits | ((digits & 0x7F7F7F7F7F7F7F7F) + 0x7676767676767676)) & 0x8080808080808080;
  if (other == 0) {
    digits = digits * 10 + (digits >> 8);
    digits = ((digits & 0x000000FF000000FF) * 0x000F424000000064 +
              ((digits >> 16) & 0x000000FF000000FF) * 0x0000271000000001) >> 32;
    mantissa = mantissa * 100000000 + digits;
    return 8;
  }
  unsigned count = __builtin_ctzll(other) / 8;
  if (count == 0) return 0;
  // The digits move to the end; zeros come before them.
  digits <<= 64 - 8 * count;
  digits = digits * 10 + (digits >> 8);
  digits = ((digits & 0x000000FF000000FF) * 0x000F424000000064 +
            ((digits >> 16) & 0x000000FF000000FF) * 0x0000271000000001) >> 32;
  mantissa = mantissa * wholePowers[count] + digits;
  return count;
}

// Takes all digits at p; more than 19 leave nonsense in `mantissa`.
inline size_t takeAllDigits(const uint8_t *p, uint64_t &mantissa) {
  unsigned count = takeDigits(p, mantissa);
  size_t all = count;
  while (count == 8) all += count = takeDigits(p + all, mantissa);
  return all;
}

// The double nearest to the text, whatever its length; infinite when no double holds it.
inline double exactValue(const uint8_t *start, const uint8_t *end) {
  double value = 0;
  auto result = std::from_chars(reinterpret_cast<const char *>(start), reinterpret_cast<const char *>(end), value);
  if (result.ec == std::errc()) return value;
  // Too large or too small, which from_chars does not tell apart. The text ends with a terminator, so strtod stops.
  return strtod(reinterpret_cast<const char *>(start), nullptr);
}

// Reads the number at `start`, which a terminator must follow.
inline Number readNumber(const uint8_t *start) {
  const uint8_t *p = start;
  bool isNegative = *p == '-';
  p += isNegative;
  const uint8_t *first = p;
  uint64_t mantissa = 0;
  p += takeAllDigits(p, mantissa);
  size_t digits = p - first;
  // No digit at all, or a zero that more digits follow.
  if (digits == 0 || (*first == '0' && digits > 1)) return {0, nullptr, false, false};
  int64_t exponent = 0;
  bool isWhole = true;
  if (*p == '.') {
    isWhole = false;
    const uint8_t *fraction = ++p;
    p += takeAllDigits(p, mantissa);
    if (p == fraction) return {0, nullptr, false, false};
    exponent = -(p - fraction);
    digits += p - fraction;
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
    if (p == power) return {0, nullptr, false, false};
    exponent += isSmall ? -given : given;
  }
  if (!terminators.ends[*p]) return {0, nullptr, false, false};
  // Up to 19 digits the mantissa is exact; both factors of the quotient or product are then doubles, and rounding
  // happens once (Clinger 1990), or twice when the mantissa has more than 53 bits.
  if (digits <= 19 && exponent >= -22 && exponent <= 22) {
    double value = double(mantissa);
    value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
    return {isNegative ? -value : value, p, mantissa <= (uint64_t(1) << 53), isWhole};
  }
  return {exactValue(start, p), p, true, isWhole};
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
