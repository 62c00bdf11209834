#pragma once
#include <cmath>
#include <cstdint>

#include "CJSON.h"

// Times: texts of ISO 8601 and RFC 3339, and numbers since 1970 in one of four units.
namespace cjson {

// The times that records can have: years 1 to 9999, in epoch seconds.
inline constexpr double timeMin = -62135596800.0, timeMax = 253402300800.0;
// In seconds, later ones are likelier to be another unit's: from year 2200 on.
inline constexpr double timeLikely = 7258118400.0;
// Numbers in too fine a unit lie within so many seconds of 1970: a thousandth of half a century is half a month.
inline constexpr double timeEarly = 31 * 86400.0;

inline bool isTime(double seconds) { return seconds >= timeMin && seconds < timeMax; }

// By CJSON_UNIT_…: units a second.
inline constexpr double unitsASecond[] = {0, 1, 1e3, 1e6, 1e9};

// The unit of a number: the one that is given, or, for CJSON_UNIT_AUTO, the first of seconds, milli-, micro- and
// nanoseconds in which the number is a time at all. So each unit is recognised from 12 January 1978 on, and not always before.
inline int32_t unitOf(double value, int32_t given) {
  if (given != CJSON_UNIT_AUTO) return given;
  for (int32_t unit = CJSON_UNIT_SECONDS; unit <= CJSON_UNIT_NANOSECONDS; unit++)
    if (isTime(value / unitsASecond[unit])) return unit;
  return CJSON_UNIT_SECONDS;
}

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

// The digits after a decimal point, of which 15 count; -1: there are none.
inline double takeFraction(const uint8_t *&p, const uint8_t *end) {
  const uint8_t *first = p;
  double value = 0, unit = 1;
  for (; p != end && uint8_t(*p - '0') < 10; p++)
    if (p - first < 15) value = value * 10 + (*p - '0'), unit *= 10;
  return p == first ? -1 : value / unit;
}

// Days from 1970-01-01 in the Gregorian calendar. Source: Hinnant, "chrono-compatible low-level date algorithms".
inline int64_t daysFromCivil(int64_t year, int month, int day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t ofEra = year - era * 400;
  int64_t ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719468;
}

// Whether a leap second may stand before this epoch second: before a first of January or July.
inline bool endsHalfYear(int64_t seconds) {
  if (seconds % 86400 != 0) return false;
  int64_t day = seconds / 86400;
  // The year is off by one at most.
  int64_t near = 1970 + (day >= 0 ? day : day - 365) / 365.2425;
  for (int64_t year = near - 1; year <= near + 1; year++)
    if (day == daysFromCivil(year, 1, 1) || day == daysFromCivil(year, 7, 1)) return true;
  return false;
}

// Seconds east of UTC of `Z`, ` UTC`, `+hh`, `+hhmm` or `+hh:mm`, perhaps after a space, or of nothing; false: it is
// something else.
inline bool takeZone(const uint8_t *p, const uint8_t *end, int64_t &east) {
  east = 0;
  if (p == end) return true;
  if (*p == ' ') p++;
  if (p == end) return false;
  if (*p == 'Z' || *p == 'z') return p + 1 == end;
  if (end - p == 3 && p[0] == 'U' && p[1] == 'T' && p[2] == 'C') return true;
  if (*p != '+' && *p != '-') return false;
  int sign = *p++ == '-' ? -1 : 1;
  int hour = takeCount(p, end, 2), minute = 0;
  if (hour < 0 || hour > 23) return false;
  if (p != end) {
    if (*p == ':') p++;
    minute = takeCount(p, end, 2);
    if (minute < 0 || minute > 59 || p != end) return false;
  }
  east = sign * (hour * 3600 + minute * 60);
  return true;
}

// Epoch seconds of `YYYY-MM-DD`, or of that with `T` or a space, `hh:mm`, `:ss`, a fraction, and a zone; without one it
// is UTC. 24:00 is the end of a day, and second 60 is a leap second, at the end of a June or December of UTC only; both
// are the moment after. NaN: it is no such time, or not of the years 1 to 9999.
inline double isoTime(const uint8_t *p, size_t length) {
  const uint8_t *end = p + length;
  static constexpr int monthDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int year = takeCount(p, end, 4);
  if (year < 1 || p == end || *p++ != '-') return NAN;
  int month = takeCount(p, end, 2);
  if (month < 1 || month > 12 || p == end || *p++ != '-') return NAN;
  int day = takeCount(p, end, 2);
  bool isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (day < 1 || day > monthDays[month - 1] + (month == 2 && isLeap)) return NAN;
  int64_t seconds = daysFromCivil(year, month, day) * 86400, east;
  if (p == end) return double(seconds);
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
    if (p != end && (*p == '.' || *p == ',')) fraction = takeFraction(++p, end);
    if (fraction < 0) return NAN;
  }
  if (hour == 24 && (minute != 0 || second != 0 || fraction != 0)) return NAN;
  if (!takeZone(p, end, east)) return NAN;
  seconds += hour * 3600 + minute * 60 + second - east;
  if (second == 60 && !endsHalfYear(seconds)) return NAN;
  double time = double(seconds) + (second == 60 ? 0 : fraction);
  return isTime(time) ? time : NAN;
}

}  // namespace cjson
