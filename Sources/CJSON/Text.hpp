#pragma once
#include <cstdint>
#include <cstring>

// Strings: where they end, and what their escapes mean.
namespace cjson {

struct Slice {
  const uint8_t *start;  // nullptr: an escape is wrong
  size_t length;
};

inline int hexDigit(uint8_t c) {
  if (uint8_t(c - '0') < 10) return c - '0';
  uint8_t letter = (c | 0x20) - 'a';
  return letter < 6 ? letter + 10 : -1;
}

inline int32_t fourHexDigits(const uint8_t *p) {
  int32_t value = 0;
  for (int i = 0; i < 4; i++) {
    int digit = hexDigit(p[i]);
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

// Undoes the escapes of the string whose opening quote is at `quote` into `out`, which has room for it.
// A lone surrogate is an error: UTF-8 cannot hold it.
inline Slice unescape(const uint8_t *quote, uint8_t *out) {
  const uint8_t *p = quote + 1;
  uint8_t *start = out;
  for (; *p != '"'; p++) {
    if (*p != '\\') {
      *out++ = *p;
      continue;
    }
    switch (*++p) {
      case '"': case '\\': case '/': *out++ = *p; break;
      case 'b': *out++ = '\b'; break;
      case 'f': *out++ = '\f'; break;
      case 'n': *out++ = '\n'; break;
      case 'r': *out++ = '\r'; break;
      case 't': *out++ = '\t'; break;
      case 'u': {
        int32_t code = fourHexDigits(p + 1);
        if (code < 0 || (code >= 0xDC00 && code < 0xE000)) return {nullptr, 0};
        p += 4;
        if (code >= 0xD800 && code < 0xDC00) {
          if (p[1] != '\\' || p[2] != 'u') return {nullptr, 0};
          int32_t low = fourHexDigits(p + 3);
          if (low < 0xDC00 || low >= 0xE000) return {nullptr, 0};
          p += 6;
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        if (code < 0x80) {
          *out++ = uint8_t(code);
        } else if (code < 0x800) {
          *out++ = uint8_t(0xC0 | code >> 6);
          *out++ = uint8_t(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
          *out++ = uint8_t(0xE0 | code >> 12);
          *out++ = uint8_t(0x80 | (code >> 6 & 0x3F));
          *out++ = uint8_t(0x80 | (code & 0x3F));
        } else {
          *out++ = uint8_t(0xF0 | code >> 18);
          *out++ = uint8_t(0x80 | (code >> 12 & 0x3F));
          *out++ = uint8_t(0x80 | (code >> 6 & 0x3F));
          *out++ = uint8_t(0x80 | (code & 0x3F));
        }
        break;
      }
      default: return {nullptr, 0};
    }
  }
  return {start, size_t(out - start)};
}

}  // namespace cjson
