#pragma once
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>

#include "schemas.hpp"
#include "times.hpp"

// What single values become in the simplest possible way: numbers as categories and as times, and the parts of those.

inline uint32_t partOf(const Place &place, int32_t part, int64_t time) {
  int64_t east = 0;
  for (size_t k = 0; k < place.zoneStarts.size(); k++)
    if (k == 0 || place.zoneStarts[k] <= time) east = place.zoneOffsets[k];
  time += east;
  int64_t day = int64_t(std::floor(double(time) / 86400)), second = time - day * 86400;
  // 5 January 1970 was a Monday.
  int64_t weekday = (day - 4) - int64_t(std::floor(double(day - 4) / 7)) * 7;
  // The calendar of four hundred years later is the same, and has no year before the first.
  day += 146097;
  int year = 2370 + int(std::floor(double(day - 146097) / 366)), month = 1;
  while (daysBefore(year + 1, 1, 1) <= day) year++;
  while (daysBefore(year, 1, 1) > day) year--;
  int64_t ofYear = day - daysBefore(year, 1, 1), ofMonth = ofYear;
  while (ofMonth >= daysOf(year, month)) ofMonth -= daysOf(year, month++);
  switch (part) {
    case CJSON_PART_MINUTE: return uint32_t(second / 60 % 60) + 1;
    case CJSON_PART_HOUR: return uint32_t(second / 3600) + 1;
    case CJSON_PART_HOUR_OF_WEEK: return uint32_t(weekday * 24 + second / 3600) + 1;
    case CJSON_PART_WEEKDAY: return uint32_t(weekday) + 1;
    case CJSON_PART_DAY_OF_MONTH: return uint32_t(ofMonth) + 1;
    case CJSON_PART_DAY_OF_YEAR: return uint32_t(ofYear) + 1;
    default: return uint32_t(month);
  }
}

inline std::optional<std::string> categoryOf(double value, const std::string &numeral, bool takesFractions) {
  if (value == 0) return "0";
  if (!numeral.empty() && numeral.find_first_of(".eE") == std::string::npos) return numeral;
  char text[512];
  if (value == std::trunc(value) && std::fabs(value) <= 9007199254740992.0) {
    snprintf(text, sizeof text, "%.0f", value);
    return text;
  }
  if (!takesFractions || std::isinf(value)) return std::nullopt;
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

inline double inSeconds(const cjson_field &place, double value) {
  switch (place.unit) {
    case CJSON_UNIT_SECONDS: return value;
    case CJSON_UNIT_MILLISECONDS: return value / 1e3;
    case CJSON_UNIT_MICROSECONDS: return value / 1e6;
    case CJSON_UNIT_NANOSECONDS: return value / 1e9;
    default:
      for (double scale : {1.0, 1e3, 1e6, 1e9})
        if (isTime(value / scale)) return value / scale;
      return value;
  }
}
