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

// Whether a text of UTF-8 is in Normalization Form C for sure.
inline bool isNormal(Slice text) {
  bool isAfterMark = false;
  for (const uint8_t *p = text.start, *end = p + text.length; p < end;) {
    uint32_t lead = *p++;
    if (lead < 0x80) {
      isAfterMark = false;
      continue;
    }
    int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    uint32_t code = lead & (0x3F >> more);
    for (; more > 0 && p < end; more--) code = code << 6 | (*p++ & 0x3F);
    if (code < normalRanges[0].first) {
      isAfterMark = false;
      continue;
    }
    auto range = std::upper_bound(
        std::begin(normalRanges), std::end(normalRanges), code,
        [](uint32_t code, const NormalRange &range) { return code < range.first; });
    bool isMark = range != std::begin(normalRanges) && code <= (--range)->last;
    if (isMark && (range->isSuspect || isAfterMark)) return false;
    isAfterMark = isMark;
  }
  return true;
}

// Brings texts into Normalization Form C. One for a decoder: what it returns is good until the next call.
class Normalizer {
 public:
  void use(cjson_normalize function) { function_ = function; }

  Slice operator()(Slice text) {
    if (text.start == nullptr || isASCII(text) || isNormal(text) || function_ == nullptr) return text;
    // No text grows to more than three times its bytes.
    if (room_.size() < 3 * text.length) room_.resize(3 * text.length);
    size_t length = function_(text.start, text.length, room_.data(), room_.size());
    return length <= room_.size() ? Slice{room_.data(), length} : text;
  }

 private:
  cjson_normalize function_ = nullptr;
  std::vector<uint8_t> room_;
};

}  // namespace cjson
