#pragma once
#include <cstdint>
#include <string>

// What texts are compared as, in the simplest possible way.

/// Unicode's Normalization Form C as far as the fuzzer knows it: an e and the acute accent behind it become one.
inline std::string composed(std::string text) {
  for (size_t place; (place = text.find("e\xCC\x81")) != std::string::npos;) text.replace(place, 3, "\xC3\xA9");
  return text;
}

/// Whether a character may join the one before it.
inline bool joins(uint32_t code) {
  static const struct { uint32_t first, last; bool isSuspect; } ranges[] = {
#include "../../Sources/CJSON/normal_ranges.inc"
  };
  for (auto &range : ranges)
    if (code >= range.first && code <= range.last) return true;
  return false;
}

/// What texts are compared as: one with more than 30 characters in a row that may join stays as it is.
inline std::string normal(const std::string &text) {
  size_t row = 0;
  for (size_t i = 0; i < text.size();) {
    uint8_t lead = uint8_t(text[i]);
    size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    uint32_t code = size == 1 ? lead : lead & (0xFF >> (size + 1));
    for (size_t k = 1; k < size; k++) code = code << 6 | (uint8_t(text[i + k]) & 0x3F);
    i += size;
    row = joins(code) ? row + 1 : 0;
    if (row > 30) return text;
  }
  return composed(text);
}
