#pragma once
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <strings.h>

#include "plain.hpp"
#include "schemas.hpp"

// The rules of CJSON in the simplest possible way: one value after the other of a record that has been parsed whole.

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

struct Reading {
  int32_t outcome = CJSON_OK, field = -1;
  std::vector<float> numbers, labels;
  std::vector<uint32_t> categories;
  double eventTime = std::numeric_limits<double>::quiet_NaN();
};

class Reader {
 public:
  explicit Reader(const Schema &schema) : schema_(schema), seen_(schema.places.size()) {
    out_.numbers.resize(schema.numbers);
    out_.labels.resize(schema.labels);
    out_.categories.resize(schema.categories);
  }

  Reading read(const plain::Value &record) {
    enter(record, {});
    for (size_t i = 0; i < schema_.places.size(); i++)
      if (!seen_[i]) absent(i);
    return out_;
  }

 private:
  using Value = plain::Value;
  using Path = std::vector<std::string>;

  const cjson_field &given(size_t i) const { return schema_.places[i].field; }

  void note(int32_t outcome, size_t i) {
    if (out_.outcome != CJSON_OK) return;
    out_.outcome = outcome;
    out_.field = int32_t(i);
  }

  void wrong(size_t i) {
    int32_t kind = given(i).kind;
    bool isTime = kind == CJSON_EVENT_TIME || kind == CJSON_LABEL_TIME;
    bool isLabel = kind == CJSON_LABEL_BINARY || kind == CJSON_LABEL_CLASS || kind == CJSON_LABEL_VALUE;
    note(isTime ? CJSON_BAD_TIME : isLabel ? CJSON_BAD_LABEL : CJSON_WRONG_TYPE, i);
  }

  void enter(const Value &object, const Path &above) {
    for (auto &[key, value] : object.members) {
      Path path = above;
      path.push_back(normal(key));
      std::vector<size_t> here;
      std::optional<size_t> below;
      for (size_t i = schema_.places.size(); i-- > 0;) {
        const Path &other = schema_.places[i].path;
        if (other == path) here.push_back(i);
        else if (other.size() > path.size() && std::equal(path.begin(), path.end(), other.begin())) below = i;
      }
      for (size_t i : here) seen_[i] = value.kind != Value::null;
      if (value.kind == Value::null) continue;
      for (size_t i : here) keep(i, value);
      if (!below) continue;
      if (value.kind == Value::object) enter(value, path);
      else wrong(*below);
    }
  }

  void absent(size_t i) {
    const cjson_field &place = given(i);
    switch (place.kind) {
      case CJSON_EVENT_TIME: return note(CJSON_BAD_TIME, i);
      case CJSON_LABEL_TIME: return;
      case CJSON_LABEL_BINARY: case CJSON_LABEL_CLASS: case CJSON_LABEL_VALUE: out_.labels[place.column] = NAN; return;
    }
    if (place.missing == CJSON_MISSING_REJECT) return note(CJSON_MISSING_FIELD, i);
    if (place.kind == CJSON_CATEGORY) return keepRows(i, {0});
    out_.numbers[place.column] = place.missing == CJSON_MISSING_VALUE ? float(place.missing_value - place.origin) : NAN;
    keepParts(i, NAN);
  }

  void keep(size_t i, const Value &value) {
    switch (value.kind) {
      case Value::number: return keepNumber(i, strtod(value.content.c_str(), nullptr), value.content);
      case Value::truth: return keepTruth(i, value.isTrue);
      case Value::text: return keepText(i, normal(value.content));
      case Value::list: return keepList(i, value);
      default: return wrong(i);
    }
  }

  void keepTruth(size_t i, bool truth) {
    const cjson_field &place = given(i);
    std::string word = truth ? "true" : "false";
    switch (place.kind) {
      case CJSON_BOOLEAN: out_.numbers[place.column] = truth; return;
      case CJSON_LABEL_BINARY: out_.labels[place.column] = truth; return;
      case CJSON_LABEL_CLASS: return keepClass(i, word);
      case CJSON_CATEGORY: return place.coerces ? keepCategory(i, word) : wrong(i);
      case CJSON_NUMBER: case CJSON_LABEL_VALUE: return place.coerces ? keepNumber(i, truth, "") : wrong(i);
      default: return wrong(i);
    }
  }

  void keepText(size_t i, const std::string &text) {
    const cjson_field &place = given(i);
    if (place.kind == CJSON_CATEGORY) return keepCategory(i, text);
    if (place.kind == CJSON_LABEL_CLASS) return keepClass(i, text);
    if (place.kind == CJSON_EVENT_TIME || place.kind == CJSON_LABEL_TIME || place.kind == CJSON_TIMESTAMP)
      if (std::optional<double> time = timeOf(text)) return keepTime(i, *time);
    if (!place.coerces) return wrong(i);
    std::string word = text;
    auto isBlank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    while (!word.empty() && isBlank(word.back())) word.pop_back();
    while (!word.empty() && isBlank(word.front())) word.erase(0, 1);
    auto is = [&](const char *other) { return word.size() == strlen(other) && strcasecmp(word.c_str(), other) == 0; };
    if (word.empty() || is("nan") || is("na") || is("n/a") || is("null") || is("none")) return absent(i);
    if (place.kind == CJSON_BOOLEAN || place.kind == CJSON_LABEL_BINARY)
      if (is("true") || is("false")) return keepTruth(i, is("true"));
    double sign = word[0] == '-' ? -1 : 1;
    if (word[0] == '-' || word[0] == '+') word.erase(0, 1);
    if (is("inf") || is("infinity")) return keepNumber(i, sign * INFINITY, "");
    // Digits with at most one point, then perhaps an exponent.
    size_t digits = 0, at = 0, points = 0;
    for (; at < word.size() && (isdigit(uint8_t(word[at])) || (word[at] == '.' && points == 0)); at++)
      word[at] == '.' ? points++ : digits++;
    if (digits == 0) return wrong(i);
    if (at < word.size()) {
      if (word[at] != 'e' && word[at] != 'E') return wrong(i);
      at++;
      if (at < word.size() && (word[at] == '+' || word[at] == '-')) at++;
      if (at == word.size() || word.find_first_not_of("0123456789", at) != std::string::npos) return wrong(i);
    }
    keepNumber(i, sign * strtod(word.c_str(), nullptr), "");
  }

  void keepNumber(size_t i, double value, const std::string &numeral) {
    const cjson_field &place = given(i);
    switch (place.kind) {
      case CJSON_CATEGORY: case CJSON_LABEL_CLASS: {
        std::optional<std::string> category = categoryOf(value, numeral, place.coerces);
        if (!category) return wrong(i);
        return place.kind == CJSON_CATEGORY ? keepCategory(i, *category) : keepClass(i, *category);
      }
      case CJSON_EVENT_TIME: case CJSON_LABEL_TIME:
        value = inSeconds(place, value);
        return isTime(value) ? keepTime(i, value) : note(CJSON_BAD_TIME, i);
      case CJSON_TIMESTAMP:
        value = inSeconds(place, value);
        if (!place.has_range && !isTime(value)) return note(CJSON_OVERFLOW, i);
        return keepFloat(i, value);
      case CJSON_NUMBER: return keepFloat(i, value);
      case CJSON_BOOLEAN:
        if (value != 0 && value != 1) return wrong(i);
        out_.numbers[place.column] = float(value);
        return;
      case CJSON_LABEL_BINARY:
        if (value != 0 && value != 1) return wrong(i);
        out_.labels[place.column] = value == 1;
        return;
      default:
        if (std::isinf(float(value)) || (place.has_range && value < place.low)) return wrong(i);
        out_.labels[place.column] = float(value);
    }
  }

  void keepFloat(size_t i, double value) {
    const cjson_field &place = given(i);
    if (std::isinf(value)) return note(CJSON_OVERFLOW, i);
    if (place.has_range) {
      if (place.rejects_out_of_range && (value < place.low || value > place.high)) return note(CJSON_OUT_OF_RANGE, i);
      value = std::min(std::max(value, place.low), place.high);
    }
    keepParts(i, value);
    float number = float(value - place.origin);
    if (std::isinf(number)) return note(CJSON_OVERFLOW, i);
    out_.numbers[place.column] = number;
  }

  void keepParts(size_t i, double seconds) {
    const Place &place = schema_.places[i];
    for (size_t k = 0; k < place.parts.size(); k++) {
      uint32_t row = isTime(seconds) ? partOf(place, place.parts[k], int64_t(std::floor(seconds))) : 0;
      out_.categories[place.field.part_column + int32_t(k)] = row;
    }
  }

  static uint32_t partOf(const Place &place, int32_t part, int64_t time) {
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

  void keepTime(size_t i, double seconds) {
    if (given(i).kind == CJSON_TIMESTAMP) keepFloat(i, seconds);
    else if (given(i).kind == CJSON_EVENT_TIME) out_.eventTime = seconds;
  }

  void keepClass(size_t i, const std::string &text) {
    const std::vector<std::string> &classes = schema_.places[i].values;
    auto found = std::find(classes.begin(), classes.end(), text);
    if (found == classes.end()) return wrong(i);
    out_.labels[given(i).column] = float(found - classes.begin());
  }

  void keepRows(size_t i, std::vector<uint32_t> rows) {
    const cjson_field &place = given(i);
    rows.resize(std::max(place.slots, 1u), UINT32_MAX);
    std::copy(rows.begin(), rows.end(), out_.categories.begin() + place.column);
  }

  void keepCategory(size_t i, const std::string &text) {
    if (std::optional<uint32_t> row = rowOf(i, text)) keepRows(i, {*row});
  }

  void keepList(size_t i, const Value &list) {
    const cjson_field &place = given(i);
    if (place.kind != CJSON_CATEGORY || place.slots < 2) return wrong(i);
    std::vector<uint32_t> rows;
    for (const Value &item : list.items) {
      std::optional<std::string> text;
      if (item.kind == Value::null) continue;
      if (item.kind == Value::text) text = normal(item.content);
      if (item.kind == Value::truth && place.coerces) text = item.isTrue ? "true" : "false";
      if (item.kind == Value::number)
        text = categoryOf(strtod(item.content.c_str(), nullptr), item.content, place.coerces);
      if (!text) wrong(i);
      else if (rows.size() == place.slots) note(CJSON_OUT_OF_RANGE, i);
      else if (std::optional<uint32_t> row = rowOf(i, *text)) rows.push_back(*row);
    }
    keepRows(i, rows);
  }

  std::optional<uint32_t> rowOf(size_t i, const std::string &text) {
    const cjson_field &place = given(i);
    const std::vector<std::string> &values = schema_.places[i].values;
    auto found = std::find(values.begin(), values.end(), text);
    if (found != values.end()) return 1 + uint32_t(found - values.begin());
    if (!values.empty() && place.unknown == CJSON_UNKNOWN_REJECT) return note(CJSON_UNKNOWN_CATEGORY, i), std::nullopt;
    if (!values.empty() && place.unknown == CJSON_UNKNOWN_MISSING) return 0;
    uint32_t first = 1 + uint32_t(values.size());
    return first + cjson_hash(text.data(), text.size()) % (place.buckets - first);
  }

  static std::optional<std::string> categoryOf(double value, const std::string &numeral, bool takesFractions) {
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

  static bool isTime(double seconds) { return seconds >= -62135596800.0 && seconds < 253402300800.0; }

  static double inSeconds(const cjson_field &place, double value) {
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

  // yyyy-mm-dd[(T| )hh:mm[:ss[(.|,)f…]][[ ]zone]]
  static std::optional<double> timeOf(const std::string &text) {
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

  static int daysOf(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && isLeap ? 29 : days[month - 1];
  }

  // Days from 1970 on.
  static int64_t daysBefore(int year, int month, int day) {
    int64_t before = year - 1;
    int64_t days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;
    for (int earlier = 1; earlier < month; earlier++) days += daysOf(year, earlier);
    return days + day - 1;
  }

  const Schema &schema_;
  std::vector<bool> seen_;
  Reading out_;
};
