#pragma once
#include <algorithm>
#include <vector>

#include "Time.hpp"

// Parts of a time in the calendar of a place.
namespace cjson {

// How far east of UTC the clocks of a place are, from when on. The first entry is as old as time.
struct Zone {
  std::vector<int64_t> starts;
  std::vector<int32_t> offsets;

  void fill(const int64_t *given, const int32_t *east, uint32_t count) {
    starts.assign(given, given + count);
    offsets.assign(east, east + count);
  }
  int64_t local(int64_t seconds) const {
    if (starts.empty()) return seconds;
    size_t next = size_t(std::upper_bound(starts.begin() + 1, starts.end(), seconds) - starts.begin());
    return seconds + offsets[next - 1];
  }
};

struct Date {
  int64_t year;
  int month, day;
};

// The Gregorian date so many days after 1970-01-01. Source: Hinnant, "chrono-compatible low-level date algorithms".
inline Date civilFromDays(int64_t days) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t ofEra = days - era * 146097;
  int64_t yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146096) / 365;
  int64_t ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  int month = int(5 * ofYear + 2) / 153;
  int day = int(ofYear) - (153 * month + 2) / 5 + 1;
  month += month < 10 ? 3 : -9;
  return {yearOfEra + era * 400 + (month <= 2), month, day};
}

// The row of a CJSON_PART_… at a local time in seconds: 1 is the part's least value.
inline uint32_t rowOfPart(int32_t part, int64_t local) {
  int64_t days = (local >= 0 ? local : local - 86399) / 86400;
  int64_t second = local - days * 86400;
  // 1 January 1970 was a Thursday.
  int64_t weekday = ((days + 3) % 7 + 7) % 7;
  switch (part) {
    case CJSON_PART_MINUTE: return uint32_t(1 + second / 60 % 60);
    case CJSON_PART_HOUR: return uint32_t(1 + second / 3600);
    case CJSON_PART_HOUR_OF_WEEK: return uint32_t(1 + weekday * 24 + second / 3600);
    case CJSON_PART_WEEKDAY: return uint32_t(1 + weekday);
  }
  Date date = civilFromDays(days);
  switch (part) {
    case CJSON_PART_DAY_OF_MONTH: return uint32_t(date.day);
    case CJSON_PART_MONTH: return uint32_t(date.month);
    default: return uint32_t(1 + days - daysFromCivil(date.year, 1, 1));
  }
}

}  // namespace cjson
