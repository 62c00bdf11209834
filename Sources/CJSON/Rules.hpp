#pragma once
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "Schema.hpp"
#include "Spelling.hpp"
#include "Time.hpp"

namespace cjson {

// From here on a double becomes no finite float. The largest float is written 3.4028235e38, which lies between.
inline constexpr double floatLimit = 0x1.FFFFFFp127;

// Where the values of a record go.
struct Outputs {
  float *numbers;
  uint32_t *categories;
  float *labels;
  double *eventTime;
  float *weight;
  double *labelTime = nullptr;
};

// What happened to the values of the record at hand, by field. Room for every field is made beforehand.
struct Marks {
  std::vector<uint8_t> byField;
  std::vector<int32_t> fields;

  void resize(size_t count) {
    byField.resize(count);
    fields.reserve(count);
  }
  void add(int32_t field, uint8_t mark) {
    if (byField[field] == 0) fields.push_back(field);
    byField[field] |= mark;
  }
  void clear() {
    for (int32_t field : fields) byField[field] = 0;
    fields.clear();
  }
};

// The value for which a record was refused, as JSON, cut short.
struct Refused {
  static constexpr size_t most = 64;
  char text[most + 8];
  size_t length = 0;

  void set(Slice value, bool isText) {
    size_t kept = value.length < most ? value.length : most;
    // Not in the middle of a character.
    while (kept > 0 && kept < value.length && (value.start[kept] & 0xC0) == 0x80) kept--;
    length = 0;
    if (isText) text[length++] = '"';
    for (size_t i = 0; i < kept; i++) text[length++] = value.start[i] < 0x20 ? ' ' : char(value.start[i]);
    if (kept < value.length) memcpy(text + length, "…", 3), length += 3;
    if (isText) text[length++] = '"';
  }
};

// The rules of one declared place: what a value becomes, and what is wrong with it. What is wrong is noted, the first time
// in a record, and the record goes on: one that is not JSON is malformed whatever it holds.
class Rules {
 public:
  // The longest text that becomes a class.
  static constexpr size_t foundBytesMax = 256;

  // Whether a text may become a class: one that a list could name and a contract keeps. No control character, line or
  // paragraph separator, byte-order mark, U+FFFE or U+FFFF. The text is UTF-8, or its record is none.
  static bool isName(Slice text) {
    if (text.length == 0 || text.length > foundBytesMax) return false;
    for (size_t i = 0; i < text.length; i++) {
      uint8_t a = text.start[i];
      if (a < 0x20 || a == 0x7F) return false;
      if (a < 0xC2) continue;
      uint8_t b = i + 1 < text.length ? text.start[i + 1] : 0, c = i + 2 < text.length ? text.start[i + 2] : 0;
      if (a == 0xC2 && b < 0xA0) return false;
      if (a == 0xE2 && b == 0x80 && (c == 0xA8 || c == 0xA9)) return false;
      if (a == 0xEF && ((b == 0xBB && c == 0xBF) || (b == 0xBF && c >= 0xBE))) return false;
    }
    return true;
  }

  Rules(Outputs out, cjson_counts *counts, Marks &marks, Refused &refused)
      : out_(out), counts_(counts), marks_(marks), refused_(refused) {}

  int32_t outcome() const { return outcome_; }
  int32_t field() const { return field_; }

  // What an absent value of the field becomes.
  void absent(const Field &field) {
    const cjson_field &given = field.given;
    switch (given.kind) {
      case CJSON_EVENT_TIME: return note(CJSON_BAD_TIME, field);
      case CJSON_LABEL_TIME: return keepTime(field, std::numeric_limits<double>::quiet_NaN());
      case CJSON_CROSS: return;
      case CJSON_LABEL_BINARY: case CJSON_LABEL_CLASS: case CJSON_LABEL_VALUE:
        out_.labels[given.column] = std::numeric_limits<float>::quiet_NaN();
        marks_.add(field.index, CJSON_MARK_MISSING);
        return;
      case CJSON_WEIGHT:
        if (out_.weight != nullptr) *out_.weight = 1;
        marks_.add(field.index, CJSON_MARK_MISSING);
        return;
    }
    if (given.missing == CJSON_MISSING_REJECT) return note(CJSON_MISSING_FIELD, field);
    counts_[field.index].imputed++;
    marks_.add(field.index, CJSON_MARK_MISSING);
    if (field.bag) {
      field.bag->clear();
      field.bag->add(0, 0, 1);
    } else if (given.kind == CJSON_CATEGORY) {
      if (field.isList()) clearList(field);
      field.said = 0;
      keepBucket(field, given.column, 0);
    } else {
      out_.numbers[given.column] = given.missing == CJSON_MISSING_VALUE ? float(given.missing_value - given.origin)
                                                                        : std::numeric_limits<float>::quiet_NaN();
      keepParts(field, std::numeric_limits<double>::quiet_NaN());
    }
  }

  void keepText(const Field &field, Slice text) {
    switch (field.given.kind) {
      case CJSON_CATEGORY: return keepCategory(field, text);
      case CJSON_TEXT: return keepTokens(field, text);
      case CJSON_MAP: return refuseType(field, text, true);
      case CJSON_LABEL_CLASS: return keepClass(field, text, true);
      case CJSON_EVENT_TIME: case CJSON_LABEL_TIME: case CJSON_TIMESTAMP: {
        double seconds = isoTime(text.start, text.length);
        if (std::isnan(seconds)) return field.given.coerces ? keepSpelled(field, text) : refuseType(field, text, true);
        return field.given.kind == CJSON_TIMESTAMP ? keepNumber(field, seconds, text, true) : keepTime(field, seconds);
      }
      default: return field.given.coerces ? keepSpelled(field, text) : refuseType(field, text, true);
    }
  }

  void keepTruth(const Field &field, bool truth) {
    Slice word = wordOf(truth);
    switch (field.given.kind) {
      case CJSON_BOOLEAN: out_.numbers[field.given.column] = truth; return;
      case CJSON_LABEL_BINARY: out_.labels[field.given.column] = truth; return;
      case CJSON_LABEL_CLASS: return keepClass(field, word, false);
      case CJSON_CATEGORY: if (field.given.coerces) return keepCategory(field, word); break;
      case CJSON_TEXT: if (field.given.coerces) return keepTokens(field, word); break;
      case CJSON_NUMBER: if (field.given.coerces) return keepNumber(field, truth, word, false); break;
      case CJSON_LABEL_VALUE: case CJSON_WEIGHT: if (field.given.coerces) return keepNumeral(field, truth, word, false); break;
    }
    refuseType(field, word, false);
  }

  void keepNumeral(const Field &field, double value, Slice text, bool isWhole, bool isText = false) {
    switch (field.given.kind) {
      case CJSON_CATEGORY: case CJSON_LABEL_CLASS: case CJSON_TEXT: {
        char room[32];
        Slice category = categoryOf(text, isWhole, value, field.given.coerces, room);
        if (category.start == nullptr) return refuseType(field, text, isText);
        if (field.given.kind == CJSON_TEXT) return keepTokens(field, category);
        return field.given.kind == CJSON_CATEGORY ? keepCategory(field, category) : keepClass(field, category, isText);
      }
      case CJSON_MAP: return refuseType(field, text, isText);
      case CJSON_NUMBER:
        return std::isfinite(value) ? keepNumber(field, value, text, isText)
                                    : note(CJSON_OVERFLOW, field, text, isText);
      case CJSON_TIMESTAMP:
        value = inSeconds(field, value);
        return std::isfinite(value) && (field.given.has_range || isTime(value))
                   ? keepNumber(field, value, text, isText)
                   : note(CJSON_OVERFLOW, field, text, isText);
      case CJSON_EVENT_TIME: case CJSON_LABEL_TIME:
        value = inSeconds(field, value);
        return isTime(value) ? keepTime(field, value) : note(CJSON_BAD_TIME, field, text, isText);
      case CJSON_BOOLEAN:
        if (value != 0 && value != 1) return note(CJSON_WRONG_TYPE, field, text, isText);
        out_.numbers[field.given.column] = float(value);
        return;
      case CJSON_LABEL_BINARY:
        if (value != 0 && value != 1) return note(CJSON_BAD_LABEL, field, text, isText);
        out_.labels[field.given.column] = value == 1;
        return;
      case CJSON_WEIGHT:
        if (value < field.given.low || value > field.given.high) return note(CJSON_OUT_OF_RANGE, field, text, isText);
        if (out_.weight != nullptr) *out_.weight = float(value);
        return;
      default:
        if (!std::isfinite(value)) return note(CJSON_BAD_LABEL, field, text, isText);
        if (!bringIntoRange(field, value, text, isText)) return;
        if (!(std::fabs(value) < floatLimit) || (field.given.is_count && value < 0))
          return note(CJSON_BAD_LABEL, field, text, isText);
        out_.labels[field.given.column] = float(value);
    }
  }

  // A category alone; for a list it is the only value.
  void keepCategory(const Field &field, Slice text) {
    if (field.isList()) clearList(field);
    keepCategoryAt(field, field.given.column, text);
  }

  // An entry of a map: `name` has the weight `value`; 0 is as good as none. `text` is what stands there.
  void keepEntry(const Field &field, Slice name, double value, Slice text, bool isText) {
    if (!std::isfinite(value)) return note(CJSON_OVERFLOW, field, text, isText);
    if (!bringIntoRange(field, value, text, isText)) return;
    if (!(std::fabs(value) < floatLimit)) return note(CJSON_OVERFLOW, field, text, isText);
    if (value != 0 && !add(field, name, value)) note(CJSON_OUT_OF_RANGE, field, name, true);
  }

  // A cross, once its members have their values: by all of them together; where one is absent, it is too.
  void cross(const Field &field, const std::vector<std::unique_ptr<Field>> &fields) {
    uint64_t values[CJSON_MEMBERS_MAX];
    size_t count = 0;
    for (const cjson_member &member : field.members) {
      uint64_t value = valueOf(*fields[member.field], member.part);
      if (value == 0) return keepBucket(field, field.given.column, 0);
      values[count++] = value;
    }
    keepHash(field, field.given.column, hash64(values, count * sizeof values[0]));
  }

  void note(int32_t outcome, const Field &field, Slice value = {nullptr, 0}, bool isText = false) {
    if (outcome_ != CJSON_OK) return;
    outcome_ = outcome;
    field_ = field.index;
    refused_.set(value, isText);
  }

 protected:
  // Clips a finite number to the field's range; false: it lies outside, and the field refuses that.
  bool bringIntoRange(const Field &field, double &value, Slice text, bool isText) {
    const cjson_field &given = field.given;
    if (!given.has_range || (value >= given.low && value <= given.high)) return true;
    if (given.rejects_out_of_range) return note(CJSON_OUT_OF_RANGE, field, text, isText), false;
    value = value < given.low ? given.low : given.high;
    counts_[field.index].clipped++;
    marks_.add(field.index, CJSON_MARK_CLIPPED);
    return true;
  }

  // Clips or refuses a finite number, and keeps it.
  void keepNumber(const Field &field, double value, Slice text, bool isText) {
    const cjson_field &given = field.given;
    if (!bringIntoRange(field, value, text, isText)) return;
    if (!field.parts.empty()) keepParts(field, value);
    value -= given.origin;
    if (!(std::fabs(value) < floatLimit)) return note(CJSON_OVERFLOW, field, text, isText);
    if (std::fabs(value) > wholeMax) lookAt(value, counts_[field.index]);
    out_.numbers[given.column] = float(value);
  }

  // Of a time in epoch seconds; what is no time has none of its parts.
  void keepParts(const Field &field, double seconds) {
    bool isKnown = isTime(seconds);
    int64_t local = isKnown ? field.zone.local(int64_t(std::floor(seconds))) : 0;
    uint32_t *rows = out_.categories + field.given.part_column;
    for (int32_t part : field.parts) *rows++ = isKnown ? rowOfPart(part, local) : 0;
  }

  void keepCategoryAt(const Field &field, int32_t column, Slice text) {
    const cjson_field &given = field.given;
    uint64_t hash = hash64(text.start, text.length);
    uint32_t known = field.values.count();
    int32_t place = known == 0 ? -1 : field.values.find(text.start, text.length, hash);
    field.said = hash == 0 ? 1 : hash;
    if (place >= 0) return keepBucket(field, column, 1 + uint32_t(place));
    if (known > 0) {
      counts_[field.index].unknown++;
      marks_.add(field.index, CJSON_MARK_UNKNOWN);
      if (given.unknown == CJSON_UNKNOWN_REJECT) return note(CJSON_UNKNOWN_CATEGORY, field, text, true);
      if (given.unknown == CJSON_UNKNOWN_MISSING) return field.said = 0, keepBucket(field, column, 0);
    }
    keepHash(field, column, hash);
  }

  // The row that values share by their hash, or the hash itself.
  void keepHash(const Field &field, int32_t column, uint64_t hash) {
    const cjson_field &given = field.given;
    uint32_t known = field.values.count();
    if (!given.gives_hashes) return keepBucket(field, column, 1 + known + hash % (given.buckets - 1 - known));
    hash = wholeHash(hash);
    out_.categories[column] = uint32_t(hash);
    out_.categories[column + field.slots()] = uint32_t(hash >> 32);
  }

  // Adds to a bag, in the row that a key has by its hash; row 0 is for what is absent. False: there are too many keys.
  static bool add(const Field &field, Slice key, double weight) {
    uint64_t hash = hash64(key.start, key.length);
    return field.bag->add(1 + uint32_t(hash % (field.given.buckets - 1)), hash, weight);
  }

  // A text of more tokens than there may be is cut.
  void keepTokens(const Field &field, Slice text) {
    const cjson_field &given = field.given;
    field.bag->clear();
    bool isWhole = true;
    field.tokens->forEach(text, given.ngrams, [&](Slice token) {
      return isWhole = add(field, token, 1);
    });
    if (isWhole) return;
    counts_[field.index].clipped++;
    marks_.add(field.index, CJSON_MARK_CLIPPED);
  }

  void clearList(const Field &field) {
    for (uint32_t i = 0; i < field.given.slots; i++) keepBucket(field, field.given.column + int32_t(i), UINT32_MAX);
  }

  void keepBucket(const Field &field, int32_t column, uint32_t bucket) {
    out_.categories[column] = bucket;
    if (field.given.gives_hashes) out_.categories[column + field.slots()] = 0;
  }

  void refuseType(const Field &field, Slice value, bool isText) {
    switch (field.given.kind) {
      case CJSON_EVENT_TIME: case CJSON_LABEL_TIME: return note(CJSON_BAD_TIME, field, value, isText);
      case CJSON_LABEL_BINARY: case CJSON_LABEL_CLASS: case CJSON_LABEL_VALUE:
        return note(CJSON_BAD_LABEL, field, value, isText);
      default: return note(CJSON_WRONG_TYPE, field, value, isText);
    }
  }

  static Slice wordOf(bool truth) {
    return truth ? Slice{reinterpret_cast<const uint8_t *>("true"), 4}
                 : Slice{reinterpret_cast<const uint8_t *>("false"), 5};
  }

  Outputs out_;

 private:
  // A text where a number, a truth or a time belongs, of a field that takes what it spells.
  void keepSpelled(const Field &field, Slice given) {
    Slice text = trimmed(given);
    if (isNothing(text)) return absent(field);
    bool isOfTruths = field.given.kind == CJSON_BOOLEAN || field.given.kind == CJSON_LABEL_BINARY;
    if (int truth = truthOf(text); isOfTruths && truth >= 0) return keepTruth(field, truth == 1);
    double value = spelledNumber(text);
    if (std::isnan(value)) return refuseType(field, given, true);
    keepNumeral(field, value, given, false, true);
  }

  // What a member of a cross says, as a number that is never 0; 0: it is absent.
  uint64_t valueOf(const Field &member, int32_t part) const {
    switch (member.given.kind) {
      case CJSON_CATEGORY: return member.said;
      case CJSON_TIMESTAMP: return out_.categories[member.given.part_column + part];
      default: {
        // Both zeros are one value.
        float value = out_.numbers[member.given.column] + 0.0f;
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        return std::isnan(value) ? 0 : uint64_t(1) << 32 | bits;
      }
    }
  }

  double inSeconds(const Field &field, double value) {
    int32_t unit = unitOf(value, field.given.unit);
    double seconds = value / unitsASecond[unit];
    if (value != 0 && isTime(seconds)) {
      counts_[field.index].units[unit]++;
      counts_[field.index].late += field.given.unit == CJSON_UNIT_AUTO && unit == CJSON_UNIT_SECONDS && seconds >= timeLikely;
      counts_[field.index].early += std::fabs(seconds) < timeEarly;
    }
    return seconds;
  }

  void keepTime(const Field &field, double seconds) {
    *(field.given.kind == CJSON_EVENT_TIME ? out_.eventTime : out_.labelTime) = seconds;
  }

  // Counts what a float makes of a large number.
  void lookAt(double value, cjson_counts &counts) {
    if (counts.large++ == 0) counts.large_low = counts.large_high = value;
    counts.large_low = std::fmin(counts.large_low, value);
    counts.large_high = std::fmax(counts.large_high, value);
    counts.blurred += value == std::floor(value) && double(float(value)) != value;
  }

  void keepClass(const Field &field, Slice text, bool isText) {
    int32_t place = field.values.find(text.start, text.length, hash64(text.start, text.length));
    // Only a record that is kept makes a class, and another value of the same key may follow.
    bool isStranger = place < 0 && field.given.found_max > 0 && isName(text);
    if (isStranger) field.stranger.assign(reinterpret_cast<const char *>(text.start), text.length);
    if (place < 0 && !isStranger) return note(CJSON_BAD_LABEL, field, text, isText);
    out_.labels[field.given.column] = float(place);
  }

  cjson_counts *counts_;
  Marks &marks_;
  Refused &refused_;
  int32_t outcome_ = CJSON_OK;
  int32_t field_ = -1;
};

}  // namespace cjson
