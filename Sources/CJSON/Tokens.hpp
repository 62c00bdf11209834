#pragma once
#include <vector>

#include "Normal.hpp"

// Texts becoming tokens: runs of letters and digits in lower case. What they are outside ASCII says a function that knows
// all of Unicode.
namespace cjson {

class Tokens {
 public:
  static constexpr uint32_t ngramsMax = 3;

  // NULL: every character outside ASCII is a letter without cases.
  void use(cjson_normalize function) { function_ = function; }

  // Calls `body` with each run of one up to `ngrams` tokens, one space between them, by where it ends; until one is false.
  template <typename Body>
  void forEach(Slice text, uint32_t ngrams, const Body &body) {
    Slice folded = function_ == nullptr || isASCII(text) ? foldPlainly(text) : foldFully(text);
    const uint8_t *starts[ngramsMax] = {};
    uint32_t seen = 0;
    for (const uint8_t *p = folded.start, *end = p + folded.length; p < end; p++) {
      // The latest first.
      for (uint32_t i = ngramsMax - 1; i > 0; i--) starts[i] = starts[i - 1];
      starts[0] = p;
      seen += seen < ngramsMax;
      while (p < end && *p != ' ') p++;
      for (uint32_t n = 0; n < ngrams && n < seen; n++)
        if (!body(Slice{starts[n], size_t(p - starts[n])})) return;
    }
  }

 private:
  // Tokens with single spaces between them.
  Slice foldPlainly(Slice text) {
    reserve(text.length);
    uint8_t *out = room_.data();
    for (size_t i = 0; i < text.length; i++) {
      uint8_t c = text.start[i], letter = c | 0x20;
      if (uint8_t(c - '0') < 10 || c >= 0x80) *out++ = c;
      else if (uint8_t(letter - 'a') < 26) *out++ = letter;
      else if (out > room_.data() && out[-1] != ' ') *out++ = ' ';
    }
    return {room_.data(), size_t(out - room_.data())};
  }

  Slice foldFully(Slice text) {
    // A letter of two bytes or more becomes three letters at most, and gets a space on each side.
    reserve(4 * text.length);
    size_t length = function_(text.start, text.length, room_.data(), room_.size());
    return {room_.data(), length < room_.size() ? length : room_.size()};
  }

  void reserve(size_t length) {
    if (room_.size() < length + 1) room_.resize(length + 1);
  }

  cjson_normalize function_ = nullptr;
  std::vector<uint8_t> room_;
};

}  // namespace cjson
