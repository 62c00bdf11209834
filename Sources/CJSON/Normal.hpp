#pragma once
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include "CJSON.h"
#include "Text.hpp"

// Texts that look the same are the same: they are compared and hashed in Normalization Form C. Nearly all texts are in it
// already, which one look at them tells; the rest is for a function that knows all of Unicode.
// Source: Unicode Standard Annex 15, section 9, "Detecting Normalization Forms".
namespace cjson {

struct NormalRange {
  uint32_t first, last;
  bool isSuspect;  // alone; else two of them in a row
};
inline constexpr NormalRange normalRanges[] = {
#include "normal_ranges.inc"
};

inline bool isASCII(Slice text) {
  uint8_t all = 0;
  for (size_t i = 0; i < text.length; i++) all |= text.start[i];
  return all < 0x80;
}

// The next character; `p` moves behind it.
inline uint32_t nextCode(const uint8_t *&p, const uint8_t *end) {
  uint32_t lead = *p++;
  if (lead < 0x80) return lead;
  int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  uint32_t code = lead & (0x3F >> more);
  for (; more > 0 && p < end; more--) code = code << 6 | (*p++ & 0x3F);
  return code;
}

// The same in a text of JSON, where it may be escaped.
inline uint32_t nextCodeOfJSON(const uint8_t *&p, const uint8_t *end) {
  auto escaped = [&](const uint8_t *at) {
    return end - at >= 6 && at[0] == '\\' && at[1] == 'u' ? fourHexDigits(at + 2) : -1;
  };
  int32_t code = escaped(p);
  if (code < 0) return nextCode(p, end);
  p += 6;
  int32_t low = code >= 0xD800 && code < 0xDC00 ? escaped(p) : -1;
  if (low < 0xDC00 || low >= 0xE000) return uint32_t(code);
  p += 6;
  return 0x10000 + uint32_t((code - 0xD800) << 10) + uint32_t(low - 0xDC00);
}

// The range of a character that may join the one before it, or change alone; null: whatever is before it, it stays.
inline const NormalRange *rangeOf(uint32_t code) {
  if (code < normalRanges[0].first) return nullptr;
  auto range = std::upper_bound(
      std::begin(normalRanges), std::end(normalRanges), code,
      [](uint32_t code, const NormalRange &range) { return code < range.first; });
  return range != std::begin(normalRanges) && code <= (--range)->last ? range : nullptr;
}

// Whether a text of UTF-8 is in Normalization Form C for sure.
inline bool isNormal(Slice text) {
  bool isAfterMark = false;
  for (const uint8_t *p = text.start, *end = p + text.length; p < end;) {
    const NormalRange *range = rangeOf(nextCode(p, end));
    if (range != nullptr && (range->isSuspect || isAfterMark)) return false;
    isAfterMark = range != nullptr;
  }
  return true;
}

// The longest row of characters with a range: combining marks, nearly always.
inline size_t longestRow(Slice text, uint32_t (*next)(const uint8_t *&, const uint8_t *) = nextCode) {
  size_t longest = 0, row = 0;
  for (const uint8_t *p = text.start, *end = p + text.length; p < end;) {
    row = rangeOf(next(p, end)) != nullptr ? row + 1 : 0;
    longest = std::max(longest, row);
  }
  return longest;
}

// Brings texts into Normalization Form C, in time that grows as they do: pieces of bounded length, cut where nothing joins
// the character before it. A text without enough such places stays as it is: to order a long row of marks takes the square
// of its length. One for a decoder: what it returns is good until the next call.
class Normalizer {
 public:
  void use(cjson_normalize function) { function_ = function; }

  Slice operator()(Slice text) {
    if (text.start == nullptr || isASCII(text) || isNormal(text) || function_ == nullptr) return text;
    if (longestRow(text) > CJSON_ROW_MAX) return text;
    // No text grows to more than three times its bytes.
    if (room_.size() < 3 * text.length) room_.resize(3 * text.length);
    size_t length = 0;
    for (const uint8_t *start = text.start, *end = start + text.length; start < end;) {
      const uint8_t *stop = pieceEnd(start, end);
      size_t room = room_.size() - length;
      size_t taken = function_(start, size_t(stop - start), room_.data() + length, room);
      if (taken > room) return text;
      length += taken;
      start = stop;
    }
    return {room_.data(), length};
  }

 private:
  static constexpr ptrdiff_t pieceBytes = 256;

  static const uint8_t *pieceEnd(const uint8_t *start, const uint8_t *end) {
    for (const uint8_t *p = start; p < end;) {
      const uint8_t *here = p;
      if (rangeOf(nextCode(p, end)) == nullptr && here - start >= pieceBytes) return here;
    }
    return end;
  }

  cjson_normalize function_ = nullptr;
  std::vector<uint8_t> room_;
};

}  // namespace cjson
