#pragma once
#include <cfloat>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "CJSON.h"
#include "Bag.hpp"
#include "Calendar.hpp"
#include "Hash.hpp"
#include "Tokens.hpp"

// The declared places, compiled into one table of keys for each object of a record.
namespace cjson {

// A closed set of texts, each with its index. Open addressing; at most half full.
class TextSet {
 public:
  void fill(const char *const *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) texts_.emplace_back(values[i]);
    index();
  }

  // A text that is not in the set yet; its index.
  int32_t add(const std::string &text) {
    texts_.push_back(text);
    if (2 * texts_.size() > places_.size()) index();
    else enter(uint32_t(texts_.size() - 1));
    return int32_t(texts_.size() - 1);
  }

  uint32_t count() const { return uint32_t(texts_.size()); }
  const std::string &text(size_t place) const { return texts_[place]; }

  // The index of a text with that hash; -1: not in the set.
  int32_t find(const void *bytes, size_t length, uint64_t hash) const {
    for (size_t slot = hash & (places_.size() - 1);; slot = (slot + 1) & (places_.size() - 1)) {
      int32_t place = places_[slot];
      if (place < 0) return -1;
      if (texts_[place].size() == length && memcmp(texts_[place].data(), bytes, length) == 0) return place;
    }
  }

 private:
  void index() {
    size_t slots = 4;
    while (slots < 2 * texts_.size()) slots *= 2;
    places_.assign(slots, -1);
    for (uint32_t i = 0; i < texts_.size(); i++) enter(i);
  }

  void enter(uint32_t place) {
    size_t mask = places_.size() - 1, slot = hash64(texts_[place].data(), texts_[place].size()) & mask;
    while (places_[slot] >= 0) slot = (slot + 1) & mask;
    places_[slot] = int32_t(place);
  }

  std::vector<std::string> texts_;
  std::vector<int32_t> places_;
};

struct Field {
  cjson_field given;
  bool isList() const { return given.kind == CJSON_CATEGORY && given.slots > 1; }
  int32_t slots() const { return given.slots > 1 ? int32_t(given.slots) : 1; }
  TextSet values;
  mutable std::string stranger;  // classes that are found: the text of the record at hand that is none yet
  bool keeps_others = false;  // a text for which there is no room does not cost the record
  std::vector<int32_t> parts;  // timestamps
  Zone zone;
  int32_t index = 0;
  uint32_t taken = 0;       // lists: values of the one at hand
  Field *alias = nullptr;   // the next field that reads the same place
  std::unique_ptr<Bag> bag;  // maps and texts
  std::vector<cjson_member> members;  // crosses
  mutable uint64_t said = 0;          // categories: the hash of the last value, for crosses; 0: it was absent
  Tokens *tokens = nullptr;  // texts
};

struct Node;

// Up to here a float tells all whole numbers from each other.
inline constexpr double wholeMax = 0x1p24;

// One declared key of an object. What a plain number needs stands in its first cache line.
struct alignas(64) Key {
  static constexpr size_t patternMax = 28;

  uint8_t pattern[patternMax] = {};  // the quoted text and a colon, as most records write it; when it fits
  uint32_t length = 0;               // of the pattern; 0: there is none, and the key is never guessed
  Key *next = nullptr;               // the key that came after it in the last record: the guess for this one
  double low = 0, high = 0;          // plain numbers: what is kept as it is, without a further look
  int32_t column = -1;               // plain numbers: their place; -1: something else
  uint32_t seenIn = 0;               // the number of the record that last gave a value
  uint64_t masks[2] = {0, 0};        // what counts of the pattern's first 16 bytes: all but the colon
  Field *field = nullptr;            // the first field here, or
  std::unique_ptr<Node> object;      // the object that is expected here
  std::string text;
  uint32_t large = 0;                // plain numbers beyond wholeMax so far

  explicit Key(const std::string &name) : text(name) {
    // A name with quotes, backslashes or control characters is not written as it is.
    bool isPlain = name.size() + 3 <= patternMax;
    for (char c : name) isPlain = isPlain && c != '"' && c != '\\' && uint8_t(c) >= 0x20;
    if (!isPlain) return;
    std::string quoted = '"' + name + '"';
    length = uint32_t(quoted.size() + 1);
    memcpy(pattern, (quoted + ':').data(), length);
    uint8_t bytes[16] = {};
    memset(bytes, 0xFF, quoted.size() < 16 ? quoted.size() : 16);
    memcpy(masks, bytes, 16);
  }

  bool canBeGuessed() const { return length > 0; }

  // Whether one of its fields is a map.
  bool isMap() const {
    for (const Field *other = field; other != nullptr; other = other->alias)
      if (other->given.kind == CJSON_MAP) return true;
    return false;
  }

  // What plain numbers of the field are kept without a look at each, which large ones get first.
  void expect(const cjson_field &given, bool all) {
    low = given.has_range ? given.low : -FLT_MAX;
    high = given.has_range ? given.high : FLT_MAX;
    if (all) return;
    low = low < -wholeMax ? -wholeMax : low;
    high = high > wholeMax ? wholeMax : high;
  }

  // After some thousands of large numbers the field is known well enough.
  void wasLarge() {
    if (++large == 4096) expect(field->given, true);
  }
};

// Whether the text at an opening quote is `key` and then a closing quote. Reads 28 bytes: the buffer is padded.
inline bool matches(const Key &key, const uint8_t *quote) {
  return (((load64(quote) ^ load64(key.pattern)) & key.masks[0]) |
          ((load64(quote + 8) ^ load64(key.pattern + 8)) & key.masks[1])) == 0 &&
         (key.length <= 17 || memcmp(quote + 16, key.pattern + 16, key.length - 17) == 0);
}

// The declared keys of one object.
struct Node {
  std::vector<Key> keys;
  std::vector<Key *> slots;  // by hash; open addressing, at most half full
  Key *first = nullptr;      // the key that came first in the last record

  Key *find(const void *bytes, size_t length) const {
    for (size_t slot = hash64(bytes, length) & (slots.size() - 1);; slot = (slot + 1) & (slots.size() - 1)) {
      Key *key = slots[slot];
      if (key == nullptr) return nullptr;
      if (key->text.size() == length && memcmp(key->text.data(), bytes, length) == 0) return key;
    }
  }

  // The key `text`, made when it is not there; good until the next one is made.
  Key &take(const std::string &text) {
    for (auto &key : keys)
      if (key.text == text) return key;
    return keys.emplace_back(text);
  }

  // The key that is expected first, of those from `from` on.
  Key *guessFrom(size_t from) {
    while (from < keys.size() && !keys[from].canBeGuessed()) from++;
    return from < keys.size() ? &keys[from] : nullptr;
  }

  // Once all keys are there: the table, and the declared order as the first guess.
  void seal() {
    size_t count = 4;
    while (count < 2 * keys.size()) count *= 2;
    slots.assign(count, nullptr);
    for (size_t i = 0; i < keys.size(); i++) {
      Key *key = &keys[i];
      size_t slot = hash64(key->text.data(), key->text.size()) & (count - 1);
      while (slots[slot] != nullptr) slot = (slot + 1) & (count - 1);
      slots[slot] = key;
      key->next = guessFrom(i + 1);
      if (key->object) key->object->seal();
    }
    first = guessFrom(0);
  }

  // By field.
  void listKeys(std::vector<Key *> &list) {
    for (auto &key : keys) {
      for (Field *field = key.field; field != nullptr; field = field->alias) list[field->index] = &key;
      if (key.object) key.object->listKeys(list);
    }
  }
};

// Puts each field at its path below `root`, and lists the key of each in `keys`.
inline void compile(std::vector<std::unique_ptr<Field>> &fields, Node &root, std::vector<Key *> &keys) {
  for (auto &field : fields) {
    if (field->given.kind == CJSON_CROSS) continue;
    std::string path = field->given.path;
    Node *node = &root;
    for (size_t cut; (cut = path.find(char(CJSON_SEPARATOR))) != std::string::npos; path.erase(0, cut + 1)) {
      Key &key = node->take(path.substr(0, cut));
      if (!key.object) key.object = std::make_unique<Node>();
      node = key.object.get();
    }
    Key &key = node->take(path);
    const cjson_field &given = field->given;
    bool isPlain = given.kind == CJSON_NUMBER && given.origin == 0 && key.field == nullptr;
    key.column = isPlain ? given.column : -1;
    key.expect(given, false);
    field->alias = key.field;
    key.field = field.get();
  }
  root.seal();
  keys.resize(fields.size());
  root.listKeys(keys);
  // A cross has no key; that of its first member stands for it where all are gone through.
  for (auto &field : fields)
    if (field->given.kind == CJSON_CROSS) keys[field->index] = keys[field->members[0].field];
}

}  // namespace cjson
