#pragma once
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>

#include "Number.hpp"
#include "Text.hpp"

// Values in other clothes: numbers and truths as texts, numbers as categories.
namespace cjson {

inline Slice trimmed(Slice text) {
  while (text.length > 0 && isSpace(text.start[0])) text.start++, text.length--;
  while (text.length > 0 && isSpace(text.start[text.length - 1])) text.length--;
  return text;
}

// Whether a text is the word, whatever the case of its letters.
inline bool isSpelled(Slice text, const char *word) {
  size_t length = strlen(word);
  if (text.length != length) return false;
  for (size_t i = 0; i < length; i++) {
    uint8_t c = text.start[i];
    if ((uint8_t(c - 'A') < 26 ? c | 0x20 : c) != uint8_t(word[i])) return false;
  }
  return true;
}

// Whether a text says that there is no value.
inline bool isNothing(Slice text) {
  if (text.length == 0) return true;
  for (const char *word : {"nan", "na", "n/a", "null", "none"})
    if (isSpelled(text, word)) return true;
  return false;
}

// 1: true, 0: false, -1: neither.
inline int truthOf(Slice text) {
  return isSpelled(text, "true") ? 1 : isSpelled(text, "false") ? 0 : -1;
}

// The number that a text spells, by a grammar that takes more than JSON's: a plus, leading zeros, a point at either end,
// inf and infinity. NaN: it spells none.
inline double spelledNumber(Slice text) {
  auto p = reinterpret_cast<const char *>(text.start), end = p + text.length;
  bool isNegative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) p++;
  Slice rest = {reinterpret_cast<const uint8_t *>(p), size_t(end - p)};
  if (isSpelled(rest, "inf") || isSpelled(rest, "infinity")) return isNegative ? -INFINITY : INFINITY;
  if (p == end || !(uint8_t(*p - '0') < 10 || *p == '.')) return NAN;
  double value = 0;
  auto result = std::from_chars(p, end, value);
  if (result.ptr != end || result.ec == std::errc::invalid_argument) return NAN;
  // Too large or too small, which from_chars does not tell apart.
  if (result.ec != std::errc()) value = strtod(std::string(p, end).c_str(), nullptr);
  return isNegative ? -value : value;
}

// A number as a category: the text of a whole number, however it is written (1, 1.0 and 1e0 are one category; so are 0
// and -0). Where fractions are taken too, the shortest text of the double. Null: it is no category.
inline Slice categoryOf(Slice numeral, bool isWhole, double value, bool takesFractions, char (&out)[32]) {
  if (isWhole && value != 0) return numeral;
  std::to_chars_result result{};
  if (value == std::floor(value) && std::fabs(value) <= 0x1p53) result = std::to_chars(out, out + 32, int64_t(value));
  else if (takesFractions && std::isfinite(value)) result = std::to_chars(out, out + 32, value);
  else return {nullptr, 0};
  return {reinterpret_cast<const uint8_t *>(out), size_t(result.ptr - out)};
}

}  // namespace cjson
