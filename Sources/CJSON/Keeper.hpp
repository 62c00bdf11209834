#pragma once
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "Number.hpp"
#include "Schema.hpp"
#include "Text.hpp"

namespace cjson {

// Where the values of a record go.
struct Outputs {
  float *numbers;
  uint32_t *categories;
  float *labels;
  double *eventTime;
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

// The rules of the declared places: what a value becomes, and what is wrong with it. What is wrong is noted, the first
// time in a record, and the record goes on: one that is not JSON is malformed whatever it holds.
class Keeper {
 public:
  Keeper(Outputs out, uint32_t record, cjson_counts *counts, Marks &marks)
      : out_(out), record_(record), counts_(counts), marks_(marks) {}

  int32_t outcome() const { return outcome_; }
  int32_t field() const { return field_; }

  void note(int32_t outcome, const Field &field) {
    if (outcome_ != CJSON_OK) return;
    outcome_ = outcome;
    field_ = field.index;
  }

  // What an absent value of the field becomes.
  void absent(const Field &field) {
    const cjson_field &given = field.given;
    switch (given.kind) {
      case CJSON_EVENT_TIME: return note(CJSON_BAD_TIME, field);
      case CJSON_LABEL_TIME: return;
      case CJSON_LABEL_BINARY: case CJSON_LABEL_CLASS: case CJSON_LABEL_VALUE:
        out_.labels[given.column] = std::numeric_limits<float>::quiet_NaN();
        marks_.add(field.index, CJSON_MARK_MISSING);
        return;
    }
    if (given.missing == CJSON_MISSING_REJECT) return note(CJSON_MISSING_FIELD, field);
    counts_[field.index].imputed++;
    marks_.add(field.index, CJSON_MARK_MISSING);
    if (given.kind == CJSON_CATEGORY) {
      if (field.isList()) clearList(field);
      out_.categories[given.column] = 0;
    } else {
      out_.numbers[given.column] = given.missing == CJSON_MISSING_VALUE ? float(given.missing_value)
                                                                        : std::numeric_limits<float>::quiet_NaN();
    }
  }

  // Clips or refuses a finite number, and keeps it.
  void keepNumber(const Field &field, double value) {
    const cjson_field &given = field.given;
    if (given.has_range) {
      if (value < given.low || value > given.high) {
        if (given.rejects_out_of_range) return note(CJSON_OUT_OF_RANGE, field);
        value = value < given.low ? given.low : given.high;
        counts_[field.index].clipped++;
        marks_.add(field.index, CJSON_MARK_CLIPPED);
      }
    } else if (value > FLT_MAX || value < -FLT_MAX) {
      return note(CJSON_OVERFLOW, field);
    }
    out_.numbers[given.column] = float(value);
  }

  void keepCategory(const Field &field, const void *text, size_t length) {
    if (field.isList()) clearList(field);
    keepCategoryAt(field, field.given.column, text, length);
  }

  // A list is next: what an earlier one of the same key left is gone.
  void beginList(Key &key) {
    if (key.field == nullptr) return noteFirst(*key.object);
    key.seenIn = record_;
    for (Field *field = key.field; field != nullptr; field = field->alias) {
      field->taken = 0;
      if (field->isList()) clearList(*field);
      else note(wrongType(*field), *field);
    }
  }

  // A value of the list at hand; text.start is null: neither a text nor a whole number.
  void keepElement(Key &key, Slice text) {
    for (Field *field = key.field; field != nullptr; field = field->alias) {
      if (!field->isList()) continue;
      if (text.start == nullptr) note(CJSON_WRONG_TYPE, *field);
      else if (field->taken == field->given.slots) note(CJSON_OUT_OF_RANGE, *field);
      else keepCategoryAt(*field, field->given.column + int32_t(field->taken++), text.start, text.length);
    }
  }

  void clearList(const Field &field) {
    for (uint32_t i = 0; i < field.given.slots; i++) out_.categories[field.given.column + i] = UINT32_MAX;
  }

  void keepCategoryAt(const Field &field, int32_t column, const void *text, size_t length) {
    const cjson_field &given = field.given;
    uint64_t hash = hash64(text, length);
    uint32_t known = field.values.count();
    uint32_t bucket;
    int32_t place = known == 0 ? -1 : field.values.find(text, length, hash);
    if (place >= 0) {
      bucket = 1 + uint32_t(place);
    } else {
      if (known > 0) {
        counts_[field.index].unknown++;
        marks_.add(field.index, CJSON_MARK_UNKNOWN);
        if (given.unknown == CJSON_UNKNOWN_REJECT) return note(CJSON_UNKNOWN_CATEGORY, field);
      }
      bucket = known > 0 && given.unknown == CJSON_UNKNOWN_MISSING ? 0 : 1 + known + hash % (given.buckets - 1 - known);
    }
    out_.categories[column] = bucket;
  }

  // The value of a key, by what it is in JSON. The key is a field's, or one that should hold an object.

  void keepText(Key &key, Slice text) {
    if (key.field == nullptr) return noteFirst(*key.object);
    key.seenIn = record_;
    for (Field *field = key.field; field != nullptr; field = field->alias) keepText(*field, text);
  }

  void keepTruth(Key &key, bool truth) {
    if (key.field == nullptr) return noteFirst(*key.object);
    key.seenIn = record_;
    for (Field *field = key.field; field != nullptr; field = field->alias) keepTruth(*field, truth);
  }

  // As if it were not there; and it undoes an earlier value of a key that occurs twice. In place of an object it is as
  // good as one without keys.
  void keepNull(Key &key) { key.seenIn = 0; }

  void keepCompound(Key &key) {
    if (key.field == nullptr) return noteFirst(*key.object);
    key.seenIn = record_;
    for (Field *field = key.field; field != nullptr; field = field->alias) note(wrongType(*field), *field);
  }

  void keepNumeral(Key &key, const Number &number, const uint8_t *start) {
    if (key.field == nullptr) return noteFirst(*key.object);
    key.seenIn = record_;
    if (key.column >= 0 && !number.isExact && isWithin(key, number.value)) {
      out_.numbers[key.column] = float(number.value);
      return;
    }
    double exact = number.isExact ? number.value : exactValue(start, number.end);
    for (Field *field = key.field; field != nullptr; field = field->alias)
      keepNumeral(*field, exact, {start, size_t(number.end - start)}, number.isWhole);
  }

  // Keeps a number that is as most are: of a plain field, and in its range. False: it is not, and nothing was done.
  CJSON_INLINE bool keepPlain(Key &key, double value, bool isExact) {
    if (key.column < 0) return false;
    if (isExact ? !(value >= key.low && value <= key.high) : !isWithin(key, value)) return false;
    plain().keep(key, value);
    return true;
  }

  // What keeping plain numbers takes, by value: in a loop it stays in registers.
  struct Plain {
    float *numbers;
    uint32_t record;
    CJSON_INLINE void keep(Key &key, double value) const {
      key.seenIn = record;
      numbers[key.column] = float(value);
    }
  };
  CJSON_INLINE Plain plain() const { return {out_.numbers, record_}; }

  // Whether an inexact value, or an exact one, is sure to be in the key's range and to round to the right float.
  CJSON_INLINE static bool isWithin(const Key &key, double value) {
    double margin = std::fabs(value) * 0x1p-50;
    return value - margin > key.low && value + margin < key.high && roundsSafely(value);
  }

 private:
  void noteFirst(const Node &node) {
    const Key *key = &node.keys.front();
    while (key->field == nullptr) key = &key->object->keys.front();
    note(wrongType(*key->field), *key->field);
  }

  static int32_t wrongType(const Field &field) {
    switch (field.given.kind) {
      case CJSON_EVENT_TIME: case CJSON_LABEL_TIME: return CJSON_BAD_TIME;
      case CJSON_LABEL_BINARY: case CJSON_LABEL_CLASS: case CJSON_LABEL_VALUE: return CJSON_BAD_LABEL;
      default: return CJSON_WRONG_TYPE;
    }
  }

  void keepTime(const Field &field, double seconds) {
    if (!(seconds >= 0 && seconds < timeMax)) return note(CJSON_BAD_TIME, field);
    if (field.given.kind == CJSON_EVENT_TIME) *out_.eventTime = seconds;
  }

  void keepText(const Field &field, Slice text) {
    switch (field.given.kind) {
      case CJSON_CATEGORY: return keepCategory(field, text.start, text.length);
      case CJSON_LABEL_CLASS: return keepClass(field, text);
      case CJSON_EVENT_TIME: case CJSON_LABEL_TIME: return keepTime(field, isoTime(text.start, text.length));
      case CJSON_TIMESTAMP: {
        double seconds = isoTime(text.start, text.length);
        return std::isnan(seconds) ? note(CJSON_WRONG_TYPE, field) : keepNumber(field, seconds);
      }
      default: return note(wrongType(field), field);
    }
  }

  void keepTruth(const Field &field, bool truth) {
    switch (field.given.kind) {
      case CJSON_BOOLEAN: out_.numbers[field.given.column] = truth; return;
      case CJSON_LABEL_BINARY: out_.labels[field.given.column] = truth; return;
      default: return note(wrongType(field), field);
    }
  }

  void keepNumeral(const Field &field, double value, Slice text, bool isWhole) {
    switch (field.given.kind) {
      case CJSON_CATEGORY:
        return isWhole ? keepCategory(field, text.start, text.length) : note(CJSON_WRONG_TYPE, field);
      case CJSON_NUMBER: case CJSON_TIMESTAMP:
        return std::isfinite(value) ? keepNumber(field, value) : note(CJSON_OVERFLOW, field);
      case CJSON_BOOLEAN:
        if (value != 0 && value != 1) return note(CJSON_WRONG_TYPE, field);
        out_.numbers[field.given.column] = float(value);
        return;
      case CJSON_EVENT_TIME: case CJSON_LABEL_TIME: return keepTime(field, value);
      case CJSON_LABEL_CLASS: return keepClass(field, text);
      case CJSON_LABEL_BINARY:
        if (value != 0 && value != 1) return note(CJSON_BAD_LABEL, field);
        out_.labels[field.given.column] = value == 1;
        return;
      default:
        if (!(std::fabs(value) <= FLT_MAX) || (field.given.has_range && value < field.given.low))
          return note(CJSON_BAD_LABEL, field);
        out_.labels[field.given.column] = float(value);
    }
  }

  void keepClass(const Field &field, Slice text) {
    int32_t place = field.values.find(text.start, text.length, hash64(text.start, text.length));
    if (place < 0) return note(CJSON_BAD_LABEL, field);
    out_.labels[field.given.column] = float(place);
  }

  Outputs out_;
  uint32_t record_;
  cjson_counts *counts_;
  Marks &marks_;
  int32_t outcome_ = CJSON_OK;
  int32_t field_ = -1;
};

}  // namespace cjson
