#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

// Strings: where they end, what their escapes mean, and the times that some of them are.
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

// The times that records can have: from 1970 to the end of year 9999.
inline constexpr double timeMax = 253402300800.0;

// Reads `count` digits at *p and moves it; -1: they are not all digits, or the text ends.
inline int takeCount(const uint8_t *&p, const uint8_t *end, int count) {
  if (end - p < count) return -1;
  int value = 0;
  for (int i = 0; i < count; i++, p++) {
    if (uint8_t(*p - '0') >= 10) return -1;
    value = value * 10 + (*p - '0');
  }
  return value;
}

// Days from 1970-01-01 in the Gregorian calendar. Source: Hinnant, "chrono-compatible low-level date algorithms".
inline int64_t daysFromCivil(int64_t year, int month, int day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t ofEra = year - era * 400;
  int64_t ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719468;
}

// Epoch seconds of `YYYY-MM-DD`, or of that with `T` or a space, `hh:mm`, `:ss`, a fraction, and `Z` or an offset such as
// `+01:00`; without either it is UTC. NaN: it is no such time.
inline double isoTime(const uint8_t *p, size_t length) {
  const uint8_t *end = p + length;
  static constexpr int monthDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int year = takeCount(p, end, 4);
  if (year < 0 || p == end || *p++ != '-') return NAN;
  int month = takeCount(p, end, 2);
  if (month < 1 || month > 12 || p == end || *p++ != '-') return NAN;
  int day = takeCount(p, end, 2);
  bool isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (day < 1 || day > monthDays[month - 1] + (month == 2 && isLeap)) return NAN;
  double seconds = double(daysFromCivil(year, month, day)) * 86400;
  if (p == end) return seconds;
  if (*p != 'T' && *p != 't' && *p != ' ') return NAN;
  p++;
  int hour = takeCount(p, end, 2);
  if (hour < 0 || hour > 24 || p == end || *p++ != ':') return NAN;
  int minute = takeCount(p, end, 2);
  if (minute < 0 || minute > 59) return NAN;
  int second = 0;
  double fraction = 0;
  if (p != end && *p == ':') {
    p++;
    second = takeCount(p, end, 2);
    if (second < 0 || second > 60) return NAN;
    if (p != end && (*p == '.' || *p == ',')) {
      const uint8_t *first = ++p;
      for (double unit = 0.1; p != end && uint8_t(*p - '0') < 10; p++, unit /= 10) fraction += unit * (*p - '0');
      if (p == first) return NAN;
    }
  }
  if (hour == 24 && (minute != 0 || second != 0 || fraction != 0)) return NAN;
  seconds += hour * 3600 + minute * 60 + second + fraction;
  if (p == end) return seconds;
  if (*p == 'Z' || *p == 'z') return p + 1 == end ? seconds : NAN;
  if (*p != '+' && *p != '-') return NAN;
  int sign = *p++ == '-' ? 1 : -1;
  int zoneHour = takeCount(p, end, 2), zoneMinute = 0;
  if (zoneHour < 0 || zoneHour > 23) return NAN;
  if (p != end) {
    if (*p == ':') p++;
    zoneMinute = takeCount(p, end, 2);
    if (zoneMinute < 0 || zoneMinute > 59 || p != end) return NAN;
  }
  return seconds + sign * (zoneHour * 3600 + zoneMinute * 60);
}

}  // namespace cjson
