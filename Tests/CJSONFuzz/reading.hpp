#pragma once
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <strings.h>

#include "normal.hpp"
#include "plain.hpp"
#include "schemas.hpp"
#include "spelling.hpp"
#include "times.hpp"
#include "values.hpp"

// The rules of CJSON in the simplest possible way: one value after the other of a record that has been parsed whole.

struct Reading {
  int32_t outcome = CJSON_OK, field = -1;
  std::vector<float> numbers, labels;
  std::map<size_t, std::string> strangers;  // by place: the text of a class that is found, whose label is -1 here
  std::vector<uint32_t> categories;
  std::vector<std::vector<std::pair<uint32_t, float>>> bags;
  double eventTime = std::numeric_limits<double>::quiet_NaN();
  double labelTime = std::numeric_limits<double>::quiet_NaN();
  float weight = 1;
};

class Reader {
 public:
  explicit Reader(const Schema &schema) : schema_(schema), seen_(schema.places.size()) {
    out_.numbers.resize(schema.numbers);
    out_.labels.resize(schema.labels);
    out_.categories.resize(schema.categories);
    out_.bags.resize(schema.bags);
    sums_.resize(schema.bags);
    keys_.resize(schema.bags);
    said_.resize(schema.places.size());
  }

  Reading read(const plain::Value &record) {
    enter(record, {});
    for (size_t i = 0; i < schema_.places.size(); i++)
      if (!seen_[i] && given(i).kind != CJSON_CROSS) absent(i);
    for (size_t i = 0; i < schema_.places.size(); i++)
      if (isBag(given(i))) weigh(i);
    for (size_t i = 0; i < schema_.places.size(); i++)
      if (given(i).kind == CJSON_CROSS) cross(i);
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

  static bool isBag(const cjson_field &place) { return place.kind == CJSON_MAP || place.kind == CJSON_TEXT; }

  // The weights of a bag, from the sums of its rows.
  void weigh(size_t i) {
    auto &sums = sums_[given(i).column];
    double norm = 0;
    for (auto &[row, sum] : sums) {
      double square = sum * sum;
      norm += given(i).norm == CJSON_NORM_L2 ? square : std::fabs(sum);
    }
    if (given(i).norm == CJSON_NORM_L2) norm = std::sqrt(norm);
    for (auto &[row, sum] : sums) {
      float weight = float(given(i).norm == CJSON_NORM_NONE || norm == 0 ? sum : sum / norm);
      if (!std::isfinite(weight)) return note(CJSON_OVERFLOW, i);
      out_.bags[given(i).column].push_back({row, weight});
    }
  }

  // The values of the members one behind the other; nothing where one is absent.
  void cross(size_t i) {
    std::string values;
    for (const cjson_member &member : schema_.places[i].members) {
      const cjson_field &place = given(member.field);
      uint64_t value = 0;
      if (place.kind == CJSON_CATEGORY) {
        const std::optional<std::string> &text = said_[member.field];
        if (text) value = std::max(cjson_hash(text->data(), text->size()), uint64_t(1));
      } else if (place.kind == CJSON_TIMESTAMP) {
        value = out_.categories[place.part_column + member.part];
      } else if (float number = out_.numbers[place.column]; !std::isnan(number)) {
        if (number == 0) number = 0;
        uint32_t bits;
        memcpy(&bits, &number, 4);
        value = (uint64_t(1) << 32) + bits;
      }
      if (value == 0) return keepRows(i, {0});
      values.append(reinterpret_cast<const char *>(&value), 8);
    }
    keepRows(i, {*hashedRow(i, values)});
  }

  // False: it is a new key, and there is no room for another one.
  bool addTo(size_t i, const std::string &key, double weight) {
    auto &keys = keys_[given(i).column];
    if (keys.count(key) == 0 && keys.size() == given(i).slots) return false;
    keys.insert(key);
    auto &sums = sums_[given(i).column];
    uint32_t row = 1 + cjson_hash(key.data(), key.size()) % (given(i).buckets - 1);
    for (auto &[other, sum] : sums)
      if (other == row) return sum += weight, true;
    sums.push_back({row, weight});
    return true;
  }

  void keepMap(size_t i, const Value &map) {
    sums_[given(i).column].clear(), keys_[given(i).column].clear();
    for (auto &[key, value] : map.members) {
      std::string name = normal(key);
      if (value.kind == Value::null) continue;
      if (value.kind == Value::list || value.kind == Value::object) wrong(i);
      if (value.kind == Value::truth) keepEntry(i, name, value.isTrue);
      if (value.kind == Value::number) keepEntry(i, name, strtod(value.content.c_str(), nullptr));
      if (value.kind != Value::text) continue;
      std::string text = normal(value.content);
      std::optional<double> spelled;
      if (given(i).coerces) spelled = spelledIn(text);
      if (spelled) keepEntry(i, name, *spelled);
      else keepEntry(i, name + "=" + text, 1);
    }
  }

  void keepEntry(size_t i, const std::string &key, double value) {
    const cjson_field &place = given(i);
    if (std::isinf(value)) return note(CJSON_OVERFLOW, i);
    if (place.has_range) {
      if (place.rejects_out_of_range && (value < place.low || value > place.high)) return note(CJSON_OUT_OF_RANGE, i);
      value = std::min(std::max(value, place.low), place.high);
    }
    if (std::isinf(float(value))) return note(CJSON_OVERFLOW, i);
    if (value != 0 && !addTo(i, key, value)) note(CJSON_OUT_OF_RANGE, i);
  }

  void keepTokens(size_t i, const std::string &text) {
    sums_[given(i).column].clear(), keys_[given(i).column].clear();
    std::vector<std::string> tokens;
    bool isInside = false;
    for (char c : text) {
      bool isOfToken = isalnum(uint8_t(c)) || uint8_t(c) >= 0x80;
      if (isOfToken && !isInside) tokens.emplace_back();
      if (isOfToken) tokens.back() += uint8_t(c) < 0x80 ? char(tolower(c)) : c;
      isInside = isOfToken;
    }
    for (size_t last = 0; last < tokens.size(); last++)
      for (size_t count = 1; count <= given(i).ngrams && count <= last + 1; count++) {
        std::string key = tokens[last + 1 - count];
        for (size_t k = last + 2 - count; k <= last; k++) key += " " + tokens[k];
        if (!addTo(i, key, 1)) return;
      }
  }

  void absent(size_t i) {
    const cjson_field &place = given(i);
    switch (place.kind) {
      case CJSON_EVENT_TIME: return note(CJSON_BAD_TIME, i);
      case CJSON_LABEL_TIME: out_.labelTime = NAN; return;
      case CJSON_LABEL_BINARY: case CJSON_LABEL_CLASS: case CJSON_LABEL_VALUE:
        out_.labels[place.column] = NAN;
        out_.strangers.erase(i);
        return;
      case CJSON_WEIGHT: out_.weight = 1; return;
    }
    if (place.missing == CJSON_MISSING_REJECT) return note(CJSON_MISSING_FIELD, i);
    if (isBag(place)) return sums_[place.column] = {{0, 1.0}}, void();
    said_[i] = std::nullopt;
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
      case Value::object: return given(i).kind == CJSON_MAP ? keepMap(i, value) : wrong(i);
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
      case CJSON_TEXT: return place.coerces ? keepTokens(i, word) : wrong(i);
      case CJSON_NUMBER: case CJSON_LABEL_VALUE: case CJSON_WEIGHT: return place.coerces ? keepNumber(i, truth, "") : wrong(i);
      default: return wrong(i);
    }
  }

  void keepText(size_t i, const std::string &text) {
    const cjson_field &place = given(i);
    if (place.kind == CJSON_CATEGORY) return keepCategory(i, text);
    if (place.kind == CJSON_TEXT) return keepTokens(i, text);
    if (place.kind == CJSON_MAP) return wrong(i);
    if (place.kind == CJSON_LABEL_CLASS) return keepClass(i, text);
    if (place.kind == CJSON_EVENT_TIME || place.kind == CJSON_LABEL_TIME || place.kind == CJSON_TIMESTAMP)
      if (std::optional<double> time = timeOf(text)) return keepTime(i, *time);
    if (!place.coerces) return wrong(i);
    std::string word = trimmed(text);
    if (isNothing(word)) return absent(i);
    if (place.kind == CJSON_BOOLEAN || place.kind == CJSON_LABEL_BINARY)
      if (is(word, "true") || is(word, "false")) return keepTruth(i, is(word, "true"));
    std::optional<double> value = numberIn(word);
    value ? keepNumber(i, *value, "") : wrong(i);
  }

  void keepNumber(size_t i, double value, const std::string &numeral) {
    const cjson_field &place = given(i);
    switch (place.kind) {
      case CJSON_MAP: return wrong(i);
      case CJSON_CATEGORY: case CJSON_LABEL_CLASS: case CJSON_TEXT: {
        std::optional<std::string> category = categoryOf(value, numeral, place.coerces);
        if (!category) return wrong(i);
        if (place.kind == CJSON_TEXT) return keepTokens(i, *category);
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
      case CJSON_WEIGHT:
        if (!(value >= 0 && value <= place.high)) return note(CJSON_OUT_OF_RANGE, i);
        out_.weight = float(value);
        return;
      default:
        if (std::isinf(value)) return wrong(i);
        if (place.has_range) {
          if (place.rejects_out_of_range && (value < place.low || value > place.high)) return note(CJSON_OUT_OF_RANGE, i);
          value = std::min(std::max(value, place.low), place.high);
        }
        if (std::isinf(float(value)) || (place.is_count && value < 0)) return wrong(i);
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

  void keepTime(size_t i, double seconds) {
    if (given(i).kind == CJSON_TIMESTAMP) keepFloat(i, seconds);
    else (given(i).kind == CJSON_EVENT_TIME ? out_.eventTime : out_.labelTime) = seconds;
  }

  // What may become a class.
  static bool isName(const std::string &text) {
    std::vector<std::string> none = {"\x7F",         "\xE2\x80\xA8", "\xE2\x80\xA9",
                                     "\xEF\xBB\xBF", "\xEF\xBF\xBE", "\xEF\xBF\xBF"};
    for (int c = 0; c < 0x20; c++) none.push_back(std::string(1, char(c)));
    for (int c = 0x80; c < 0xA0; c++) none.push_back({char(0xC2), char(c)});
    for (const std::string &part : none)
      if (text.find(part) != std::string::npos) return false;
    return !text.empty() && text.size() <= 256;
  }

  void keepClass(size_t i, const std::string &text) {
    const std::vector<std::string> &classes = schema_.places[i].values;
    auto found = std::find(classes.begin(), classes.end(), text);
    if (found == classes.end() && (given(i).found_max == 0 || !isName(text))) return wrong(i);
    if (found == classes.end()) out_.strangers[i] = text;
    else out_.strangers.erase(i);
    out_.labels[given(i).column] = found == classes.end() ? -1 : float(found - classes.begin());
  }

  void keepRows(size_t i, std::vector<uint64_t> rows) {
    const cjson_field &place = given(i);
    rows.resize(std::max(place.slots, 1u), UINT32_MAX);
    auto out = out_.categories.begin() + place.column;
    for (uint64_t row : rows) *out++ = uint32_t(row);
    if (place.gives_hashes)
      for (uint64_t row : rows) *out++ = uint32_t(row >> 32);
  }

  void keepCategory(size_t i, const std::string &text) {
    if (std::optional<uint64_t> row = rowOf(i, text)) keepRows(i, {*row});
  }

  void keepList(size_t i, const Value &list) {
    const cjson_field &place = given(i);
    if (place.kind != CJSON_CATEGORY || place.slots < 2) return wrong(i);
    std::vector<uint64_t> rows;
    for (const Value &item : list.items) {
      std::optional<std::string> text;
      if (item.kind == Value::null) continue;
      if (item.kind == Value::text) text = normal(item.content);
      if (item.kind == Value::truth && place.coerces) text = item.isTrue ? "true" : "false";
      if (item.kind == Value::number)
        text = categoryOf(strtod(item.content.c_str(), nullptr), item.content, place.coerces);
      if (!text) wrong(i);
      else if (rows.size() == place.slots) note(CJSON_OUT_OF_RANGE, i);
      else if (std::optional<uint64_t> row = rowOf(i, *text)) rows.push_back(*row);
    }
    keepRows(i, rows);
  }

  // A row, or a whole hash, whose high half is not 0.
  std::optional<uint64_t> rowOf(size_t i, const std::string &text) {
    const cjson_field &place = given(i);
    const std::vector<std::string> &values = schema_.places[i].values;
    auto found = std::find(values.begin(), values.end(), text);
    said_[i] = text;
    if (found != values.end()) return 1 + uint32_t(found - values.begin());
    if (!values.empty() && place.unknown == CJSON_UNKNOWN_REJECT) return note(CJSON_UNKNOWN_CATEGORY, i), std::nullopt;
    if (!values.empty() && place.unknown == CJSON_UNKNOWN_MISSING) return said_[i] = std::nullopt, 0;
    return hashedRow(i, text);
  }

  std::optional<uint64_t> hashedRow(size_t i, const std::string &text) {
    const cjson_field &place = given(i);
    uint32_t first = 1 + uint32_t(schema_.places[i].values.size());
    if (place.gives_hashes) return cjson_whole_hash(text.data(), text.size());
    return first + cjson_hash(text.data(), text.size()) % (place.buckets - first);
  }

  const Schema &schema_;
  std::vector<bool> seen_;
  Reading out_;
  std::vector<std::vector<std::pair<uint32_t, double>>> sums_;  // by bag, in the order in which rows came
  std::vector<std::set<std::string>> keys_;                      // by bag
  std::vector<std::optional<std::string>> said_;                 // by place: the value of a category
};
