#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

// Times as texts, in the simplest possible way.

inline bool isTime(double seconds) { return seconds >= -62135596800.0 && seconds < 253402300800.0; }

inline int daysOf(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && isLeap ? 29 : days[month - 1];
}

// Days from 1970 on.
inline int64_t daysBefore(int year, int month, int day) {
  int64_t before = year - 1;
  int64_t days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;
  for (int earlier = 1; earlier < month; earlier++) days += daysOf(year, earlier);
  return days + day - 1;
}

// yyyy-mm-dd[(T| )hh:mm[:ss[(.|,)f…]][[ ]zone]]
inline std::optional<double> timeOf(const std::string &text) {
  std::string rest = text;
  auto number = [&](size_t count) {
    for (size_t i = 0; i < count; i++)
      if (i >= rest.size() || !isdigit(uint8_t(rest[i]))) return -1;
    int value = atoi(rest.substr(0, count).c_str());
    rest.erase(0, count);
    return value;
  };
  auto one = [&](const char *of) {
    if (rest.empty() || strchr(of, rest[0]) == nullptr || rest[0] == 0) return char(0);
    char found = rest[0];
    rest.erase(0, 1);
    return found;
  };
  int year = number(4);
  if (year < 1 || !one("-")) return std::nullopt;
  int month = number(2);
  if (month < 1 || month > 12 || !one("-")) return std::nullopt;
  int day = number(2);
  if (day < 1 || day > daysOf(year, month)) return std::nullopt;
  double seconds = 86400.0 * daysBefore(year, month, day);
  if (rest.empty()) return seconds;
  if (!one("Tt ")) return std::nullopt;
  int hour = number(2), minute = -1, second = 0;
  if (hour < 0 || hour > 24 || !one(":")) return std::nullopt;
  minute = number(2);
  if (minute < 0 || minute > 59) return std::nullopt;
  std::string fraction;
  if (one(":")) {
    second = number(2);
    if (second < 0 || second > 60) return std::nullopt;
    if (one(".,")) {
      while (char digit = one("0123456789")) fraction += digit;
      if (fraction.empty()) return std::nullopt;
    }
  }
  double part = strtod(("0." + fraction.substr(0, 15)).c_str(), nullptr);
  if (hour == 24 && (minute > 0 || second > 0 || part > 0)) return std::nullopt;
  seconds += hour * 3600 + minute * 60 + second;
  if (!rest.empty()) {
    one(" ");
    if (char sign = one("+-")) {
      int zoneHour = number(2), zoneMinute = 0;
      if (zoneHour < 0 || zoneHour > 23) return std::nullopt;
      if (!rest.empty()) {
        one(":");
        zoneMinute = number(2);
        if (zoneMinute < 0 || zoneMinute > 59) return std::nullopt;
      }
      seconds -= (sign == '-' ? -1 : 1) * (zoneHour * 3600 + zoneMinute * 60);
      if (!rest.empty()) return std::nullopt;
    } else if (rest != "Z" && rest != "z" && (rest != "UTC" || text[text.size() - 4] != ' ')) {
      if (rest != "UTC") return std::nullopt;
    }
  }
  if (second == 60) {
    bool isLeap = false;
    for (int other = std::max(1, year - 1); other <= year + 1; other++)
      isLeap = isLeap || seconds == 86400.0 * daysBefore(other, 1, 1) || seconds == 86400.0 * daysBefore(other, 7, 1);
    if (!isLeap) return std::nullopt;
  } else {
    seconds += part;
  }
  if (!isTime(seconds)) return std::nullopt;
  return seconds;
}
