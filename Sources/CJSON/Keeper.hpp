#pragma once
#include "Rules.hpp"

namespace cjson {

// The values of a record on their way to the fields of their keys, by what they are in JSON. A key is that of one or
// several fields, or one that should hold an object.
class Keeper : public Rules {
 public:
  Keeper(Outputs out, uint32_t record, cjson_counts *counts, Marks &marks, Refused &refused)
      : Rules(out, counts, marks, refused), record_(record) {}

  void keepText(Key &key, Slice text) {
    if (key.field == nullptr) return noteFirst(*key.object, text, true);
    key.seenIn = record_;
    for (Field *field = key.field; field != nullptr; field = field->alias) Rules::keepText(*field, text);
  }

  void keepTruth(Key &key, bool truth) {
    if (key.field == nullptr) return noteFirst(*key.object, wordOf(truth), false);
    key.seenIn = record_;
    for (Field *field = key.field; field != nullptr; field = field->alias) Rules::keepTruth(*field, truth);
  }

  // As if it were not there; and it undoes an earlier value of a key that occurs twice. In place of an object it is as
  // good as one without keys.
  void keepNull(Key &key) { key.seenIn = 0; }

  void keepObject(Key &key) {
    key.seenIn = record_;
    for (Field *field = key.field; field != nullptr; field = field->alias) refuseType(*field, object, false);
  }

  // A map is next: what an earlier one of the same key left is gone.
  void beginMap(Key &key) {
    key.seenIn = record_;
    for (Field *field = key.field; field != nullptr; field = field->alias) {
      if (field->given.kind == CJSON_MAP) field->bag->clear();
      else refuseType(*field, object, false);
    }
  }

  // An entry of the map at hand.

  void keepNumeralAt(Key &key, Slice name, const Number &number, const uint8_t *start) {
    double exact = number.isExact ? number.value : exactValue(start, number.end);
    Slice text = {start, size_t(number.end - start)};
    for (Field *field = key.field; field != nullptr; field = field->alias)
      if (field->given.kind == CJSON_MAP) keepEntry(*field, name, exact, text, false);
  }

  void keepTruthAt(Key &key, Slice name, bool truth) {
    for (Field *field = key.field; field != nullptr; field = field->alias)
      if (field->given.kind == CJSON_MAP) keepEntry(*field, name, truth, wordOf(truth), false);
  }

  // `pair`: the name, an equals sign and the text. What the text spells counts where the field takes that.
  void keepTextAt(Key &key, Slice pair, Slice text) {
    Slice name = {pair.start, pair.length - text.length - 1};
    for (Field *field = key.field; field != nullptr; field = field->alias) {
      if (field->given.kind != CJSON_MAP) continue;
      Slice word = trimmed(text);
      if (field->given.coerces) {
        int truth = truthOf(word);
        double value = truth >= 0 ? truth : isNothing(word) ? 0 : spelledNumber(word);
        if (!std::isnan(value)) {
          keepEntry(*field, name, value, text, true);
          continue;
        }
      }
      keepEntry(*field, pair, 1, text, true);
    }
  }

  void keepCompoundAt(Key &key, bool isObject) {
    for (Field *field = key.field; field != nullptr; field = field->alias)
      if (field->given.kind == CJSON_MAP) refuseType(*field, isObject ? object : list, false);
  }

  // A list is next: what an earlier one of the same key left is gone.
  void beginList(Key &key) {
    if (key.field == nullptr) return noteFirst(*key.object, list, false);
    key.seenIn = record_;
    for (Field *field = key.field; field != nullptr; field = field->alias) {
      field->taken = 0;
      if (field->isList()) clearList(*field);
      else refuseType(*field, list, false);
    }
  }

  // A value of the list at hand, which is that of a key with fields.

  void keepTextIn(Key &key, Slice text) {
    for (Field *field = key.field; field != nullptr; field = field->alias) keepElement(*field, text, text, true);
  }

  void keepTruthIn(Key &key, bool truth) {
    for (Field *field = key.field; field != nullptr; field = field->alias)
      keepElement(*field, field->given.coerces ? wordOf(truth) : none, wordOf(truth), false);
  }

  void keepNumeralIn(Key &key, const Number &number, const uint8_t *start) {
    char room[32];
    Slice text = {start, size_t(number.end - start)};
    double exact = number.isExact ? number.value : exactValue(start, number.end);
    for (Field *field = key.field; field != nullptr; field = field->alias)
      keepElement(*field, categoryOf(text, number.isWhole, exact, field->given.coerces, room), text, false);
  }

  void keepCompoundIn(Key &key, bool isObject) {
    for (Field *field = key.field; field != nullptr; field = field->alias)
      keepElement(*field, none, isObject ? object : list, false);
  }

  void keepNumeral(Key &key, const Number &number, const uint8_t *start) {
    Slice text = {start, size_t(number.end - start)};
    if (key.field == nullptr) return noteFirst(*key.object, text, false);
    key.seenIn = record_;
    if (key.column >= 0 && !number.isExact && isWithin(key, number.value)) {
      out_.numbers[key.column] = float(number.value);
      return;
    }
    double exact = number.isExact ? number.value : exactValue(start, number.end);
    for (Field *field = key.field; field != nullptr; field = field->alias)
      Rules::keepNumeral(*field, exact, text, number.isWhole);
    if (key.column >= 0 && std::fabs(exact) > wholeMax) key.wasLarge();
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
  static constexpr Slice none = {nullptr, 0};
  static inline const Slice object = {reinterpret_cast<const uint8_t *>("{…}"), 5};
  static inline const Slice list = {reinterpret_cast<const uint8_t *>("[…]"), 5};

  // Keeps a category of a list; none: the value is none.
  void keepElement(Field &field, Slice category, Slice value, bool isText) {
    if (!field.isList()) return;
    if (category.start == nullptr) note(CJSON_WRONG_TYPE, field, value, isText);
    else if (field.taken == field.given.slots) note(CJSON_OUT_OF_RANGE, field, value, isText);
    else keepCategoryAt(field, field.given.column + int32_t(field.taken++), category);
  }

  // Something else stands where an object with fields belongs.
  void noteFirst(const Node &node, Slice value, bool isText) {
    const Key *key = &node.keys.front();
    while (key->field == nullptr) key = &key->object->keys.front();
    refuseType(*key->field, value, isText);
  }

  uint32_t record_;
};

}  // namespace cjson
