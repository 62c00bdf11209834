#include "CJSON.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <utility>

#include "Runner.hpp"

using namespace cjson;

struct cjson_decoder {
  std::vector<std::unique_ptr<Field>> fields;
  std::vector<cjson_counts> counts;
  double labelTime = NAN;
  Marks marks;
  std::vector<Key *> keys;  // by field
  Node root;
  size_t recordBytesMax = 0;
  size_t capacity = 0;
  std::unique_ptr<uint8_t[]> buffer;   // the record, then padding
  std::unique_ptr<uint8_t[]> scratch;  // one string without its escapes
  const simdjson::implementation *implementation = nullptr;
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  Normalizer normal;
  Tokens tokens;
  std::vector<Field *> bags;  // by column
  std::vector<Field *> finding;  // those that find their classes
  std::vector<Field *> crosses;
  Refused refused;
  bool byTokens = false;
  uint32_t record = 0;

  // Whole vectors and words are read: so far around the record, and no further.
  static constexpr size_t padding = 2 * simdjson::SIMDJSON_PADDING, margin = 64;

  bool reserve(size_t length) {
    if (length <= capacity) return true;
    size_t wanted = std::min(std::max(length, std::max(2 * capacity, size_t(16384))), std::max(recordBytesMax, length));
    std::unique_ptr<uint8_t[]> room(new (std::nothrow) uint8_t[margin + wanted + padding]);
    std::unique_ptr<uint8_t[]> text(new (std::nothrow) uint8_t[wanted + padding]);
    if (!room || !text) return false;
    if (implementation->create_dom_parser_implementation(wanted, Walker::nestingMax, parser))
      return false;
    buffer = std::move(room);
    memset(buffer.get(), ' ', margin);
    scratch = std::move(text);
    capacity = wanted;
    return true;
  }

  // The number of the next record; it never repeats one that a field remembers, and is never 0.
  void nextRecord() {
    if (++record != 0) return;
    for (Key *key : keys) key->seenIn = 0;
    record = 1;
  }

  int32_t decode(const void *bytes, size_t length, Outputs out, int32_t *field) {
    *field = -1;
    marks.clear();
    refused.length = 0;
    if (length > recordBytesMax || !reserve(length)) return CJSON_OVERSIZED;
    uint8_t *start = buffer.get() + margin, *end = start + length;
    if (length > 0) memcpy(start, bytes, length);
    memset(end, ' ', padding);
    nextRecord();
    Keeper keeper(out, record, counts.data(), marks, refused);
    // Some writers put a byte-order mark before every text.
    size_t mark = length >= 3 && memcmp(start, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    int32_t result = walk(start + mark, end, keeper);
    if (result != CJSON_OK) refused.length = 0;
    if (result == CJSON_MALFORMED && !implementation->validate_utf8(reinterpret_cast<const char *>(start), length))
      return CJSON_INVALID_UTF8;
    if (result != CJSON_OK) return result;
    for (size_t i = 0; i < fields.size(); i++)
      if (keys[i]->seenIn != record) keeper.absent(*fields[i]);
    for (Field *bag : bags)
      if (!bag->bag->finish(bag->given.norm)) keeper.note(CJSON_OVERFLOW, *bag);
    if (keeper.outcome() == CJSON_OK) {
      for (const Field *cross : crosses) keeper.cross(*cross, fields);
      findClasses(out, keeper);
    }
    *field = keeper.field();
    return keeper.outcome();
  }

  // Texts of a record that is kept become classes, as long as there is room.
  void findClasses(const Outputs &out, Keeper &keeper) {
    for (Field *place : finding) {
      float &label = out.labels[place->given.column];
      if (label != -1) continue;
      // Two places may read one value.
      const std::string &text = place->stranger;
      int32_t known = place->values.find(text.data(), text.size(), hash64(text.data(), text.size()));
      if (known < 0 && place->values.count() - place->given.value_count >= place->given.found_max) {
        if (place->keeps_others) continue;
        keeper.note(CJSON_BAD_LABEL, *place, {reinterpret_cast<const uint8_t *>(text.data()), text.size()}, true);
        return;
      }
      label = float(known < 0 ? place->values.add(text) : known);
    }
  }

  // One value of a map or a text from elsewhere.
  template <typename Body>
  int32_t fill(int32_t field, const void *bytes, const Body &body) {
    Field &place = *fields[field];
    marks.clear();
    refused.length = 0;
    Keeper keeper({nullptr, nullptr, nullptr, nullptr}, record, counts.data(), marks, refused);
    int32_t result = CJSON_OK;
    if (bytes == nullptr) keeper.absent(place);
    else result = body(place, keeper);
    if (result != CJSON_OK) return result;
    if (!place.bag->finish(place.given.norm)) keeper.note(CJSON_OVERFLOW, place);
    return keeper.outcome();
  }

  // What makes the bytes no record at all, or CJSON_OK.
  int32_t walk(const uint8_t *start, const uint8_t *end, Keeper &keeper) {
    Walker walker(*parser, scratch.get(), normal, keeper);
    int32_t result;
    bool isObject = true;
#if defined(__x86_64__)
    if (*start == '{' && !byTokens) {
      Runner runner(walker, keeper, start, end);
      result = runner.open(root);
      if (result == CJSON_OK && !walker.hasTokens()) {
        const uint8_t *p = runner.at();
        while (p < end && isSpace(*p)) p++;
        return p == end ? CJSON_OK : CJSON_MALFORMED;
      }
    } else
#endif
    {
      if (!walker.tokenize(start, end)) return CJSON_MALFORMED;
      isObject = walker.peek() == '{';
      result = isObject ? walker.open(root) : walker.skip();
    }
    if (result != CJSON_OK) return result;
    if (!walker.isDone()) return CJSON_MALFORMED;
    return isObject ? CJSON_OK : CJSON_NOT_AN_OBJECT;
  }
};

namespace {

// simdjson's implementation of that name; NULL: the one it has chosen. Null: there is none for this CPU.
const simdjson::implementation *find(const char *name) {
  const simdjson::implementation *active = simdjson::get_active_implementation();
  if (name == nullptr || active->name() == name) return active;
  const simdjson::implementation *found = simdjson::get_available_implementations()[name];
  return found != nullptr && found->supported_by_runtime_system() ? found : nullptr;
}

}  // namespace

extern "C" {

cjson_decoder *cjson_create(const cjson_field *fields, size_t field_count, const cjson_options *options) {
  auto decoder = std::make_unique<cjson_decoder>();
  decoder->recordBytesMax = options->record_bytes_max;
  decoder->implementation = find(options->implementation);
  if (decoder->implementation == nullptr) return nullptr;
  decoder->normal.use(options->normalize);
  decoder->tokens.use(options->fold);
  decoder->byTokens = options->by_tokens || !hasVectors();
  decoder->counts.resize(field_count);
  decoder->marks.resize(field_count);
  for (size_t i = 0; i < field_count; i++) {
    auto field = std::make_unique<Field>();
    field->given = fields[i];
    field->index = int32_t(i);
    field->values.fill(fields[i].values, fields[i].value_count);
    field->parts.assign(fields[i].parts, fields[i].parts + fields[i].part_count);
    field->members.assign(fields[i].members, fields[i].members + fields[i].member_count);
    if (fields[i].kind == CJSON_CROSS) decoder->crosses.push_back(field.get());
    field->zone.fill(fields[i].zone_starts, fields[i].zone_offsets, fields[i].zone_count);
    if (fields[i].kind == CJSON_MAP || fields[i].kind == CJSON_TEXT) {
      field->bag = std::make_unique<Bag>(fields[i].slots);
      field->tokens = &decoder->tokens;
      if (decoder->bags.size() <= size_t(fields[i].column)) decoder->bags.resize(fields[i].column + 1);
      decoder->bags[fields[i].column] = field.get();
    }
    if (fields[i].kind == CJSON_LABEL_CLASS && fields[i].found_max > 0) decoder->finding.push_back(field.get());
    decoder->fields.push_back(std::move(field));
  }
  compile(decoder->fields, decoder->root, decoder->keys);
  // What was given by pointer has been copied.
  for (auto &field : decoder->fields) {
    field->given.path = nullptr, field->given.values = nullptr, field->given.parts = nullptr;
    field->given.zone_starts = nullptr, field->given.zone_offsets = nullptr, field->given.members = nullptr;
  }
  return decoder->reserve(std::min(options->record_bytes_max, size_t(16384))) ? decoder.release() : nullptr;
}

size_t cjson_class_count(const cjson_decoder *decoder, int32_t field) { return decoder->fields[field]->values.count(); }

const char *cjson_class(const cjson_decoder *decoder, int32_t field, size_t place, size_t *length) {
  const std::string &text = decoder->fields[field]->values.text(place);
  *length = text.size();
  return text.data();
}

void cjson_know_class(cjson_decoder *decoder, int32_t field, const char *text, size_t length) {
  TextSet &values = decoder->fields[field]->values;
  if (values.find(text, length, hash64(text, length)) < 0) values.add(std::string(text, length));
}

void cjson_close_classes(cjson_decoder *decoder, int32_t field) {
  Field &place = *decoder->fields[field];
  place.given.found_max = place.values.count() - place.given.value_count;
}

void cjson_keep_others(cjson_decoder *decoder, int32_t field) { decoder->fields[field]->keeps_others = true; }

void cjson_destroy(cjson_decoder *decoder) { delete decoder; }

int32_t cjson_decode(
    cjson_decoder *decoder, const void *bytes, size_t length, float *numbers, uint32_t *categories, float *labels,
    double *event_time, float *weight, int32_t *field) {
  *labels = *event_time = decoder->labelTime = NAN;
  Outputs out = {numbers, categories, labels, event_time, weight, &decoder->labelTime};
  return decoder->decode(bytes, length, out, field);
}

double cjson_label_time(const cjson_decoder *decoder) { return decoder->labelTime; }

int32_t cjson_number(
    cjson_decoder *decoder, int32_t field, double value, float *numbers, uint32_t *categories) {
  const Field &place = *decoder->fields[field];
  Rules rules({numbers, categories, nullptr, nullptr, nullptr}, decoder->counts.data(), decoder->marks,
              decoder->refused);
  decoder->refused.length = 0;
  if (std::isnan(value)) rules.absent(place);
  else if (std::isinf(value)) rules.note(CJSON_OVERFLOW, place);
  else rules.keepNumeral(place, value, {nullptr, 0}, false);
  if (rules.outcome() != CJSON_OK && !std::isnan(value)) {
    char text[32];
    decoder->refused.set({reinterpret_cast<uint8_t *>(text), size_t(std::to_chars(text, text + 32, value).ptr - text)}, false);
  }
  return rules.outcome();
}

int32_t cjson_number_text(
    cjson_decoder *decoder, int32_t field, const void *text, size_t length, float *numbers, uint32_t *categories) {
  const Field &place = *decoder->fields[field];
  Rules rules({numbers, categories, nullptr, nullptr, nullptr}, decoder->counts.data(), decoder->marks,
              decoder->refused);
  decoder->refused.length = 0;
  rules.keepText(place, {static_cast<const uint8_t *>(text), length});
  return rules.outcome();
}

int32_t cjson_category(cjson_decoder *decoder, int32_t field, const void *text, size_t length, uint32_t *bucket) {
  const Field &place = *decoder->fields[field];
  Rules rules({nullptr, bucket - place.given.column, nullptr, nullptr, nullptr}, decoder->counts.data(), decoder->marks,
              decoder->refused);
  decoder->refused.length = 0;
  if (text == nullptr) rules.absent(place);
  else rules.keepCategory(place, decoder->normal({static_cast<const uint8_t *>(text), length}));
  return rules.outcome();
}

int32_t cjson_map(cjson_decoder *decoder, int32_t field, const void *json, size_t length) {
  return decoder->fill(field, json, [&](Field &place, Keeper &keeper) -> int32_t {
    if (length > decoder->recordBytesMax || !decoder->reserve(length)) return CJSON_OVERSIZED;
    uint8_t *start = decoder->buffer.get() + cjson_decoder::margin, *end = start + length;
    if (length > 0) memcpy(start, json, length);
    memset(end, ' ', cjson_decoder::padding);
    Walker walker(*decoder->parser, decoder->scratch.get(), decoder->normal, keeper);
    if (!walker.tokenize(start, end)) return CJSON_MALFORMED;
    Key key("");
    key.field = &place;
    Field *alias = std::exchange(place.alias, nullptr);
    int32_t result = walker.only(key);
    place.alias = alias;
    return result;
  });
}

int32_t cjson_text(cjson_decoder *decoder, int32_t field, const void *text, size_t length) {
  return decoder->fill(field, text, [&](Field &place, Keeper &keeper) -> int32_t {
    keeper.Rules::keepText(place, decoder->normal({static_cast<const uint8_t *>(text), length}));
    return CJSON_OK;
  });
}

uint64_t cjson_said(const cjson_decoder *decoder, int32_t field) { return decoder->fields[field]->said; }

void cjson_say(cjson_decoder *decoder, int32_t field, uint64_t said) { decoder->fields[field]->said = said; }

void cjson_cross(cjson_decoder *decoder, const float *numbers, uint32_t *categories) {
  Rules rules({const_cast<float *>(numbers), categories, nullptr, nullptr, nullptr}, decoder->counts.data(),
              decoder->marks, decoder->refused);
  for (const Field *cross : decoder->crosses) rules.cross(*cross, decoder->fields);
}

size_t cjson_bag(const cjson_decoder *decoder, int32_t bag, const uint32_t **rows, const float **weights) {
  const Bag &found = *decoder->bags[bag]->bag;
  *rows = found.rows();
  *weights = found.weights();
  return found.count();
}

const char *cjson_rejected(const cjson_decoder *decoder, size_t *length) {
  *length = decoder->refused.length;
  return decoder->refused.text;
}

const cjson_counts *cjson_counters(const cjson_decoder *decoder) { return decoder->counts.data(); }

size_t cjson_marked(const cjson_decoder *decoder, const int32_t **fields, const uint8_t **marks) {
  *fields = decoder->marks.fields.data();
  *marks = decoder->marks.byField.data();
  return decoder->marks.fields.size();
}

uint64_t cjson_hash(const void *bytes, size_t length) { return hash64(bytes, length); }

uint64_t cjson_whole_hash(const void *bytes, size_t length) { return wholeHash(hash64(bytes, length)); }

bool cjson_is_number(const void *bytes, size_t length) {
  // Copied in front of a terminator and padding; no number that a table holds is longer than this.
  uint8_t text[256 + 64];
  if (length == 0 || length > 256) return false;
  memcpy(text, bytes, length);
  memset(text + length, ' ', 64);
  return readNumber(text).end == text + length;
}

size_t cjson_normal_form(const void *text, size_t length, cjson_normalize normalize, void *out, size_t room) {
  Normalizer normal;
  normal.use(normalize);
  Slice form = normal({static_cast<const uint8_t *>(text), length});
  if (form.length <= room && form.length > 0) memcpy(out, form.start, form.length);
  return form.length;
}

size_t cjson_longest_row(const void *text, size_t length, bool is_json) {
  return longestRow({static_cast<const uint8_t *>(text), length}, is_json ? nextCodeOfJSON : nextCode);
}

bool cjson_is_utf8(const void *bytes, size_t length) {
  return simdjson::validate_utf8(static_cast<const char *>(bytes), length);
}

const char *cjson_implementation(size_t index) {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> names = {simdjson::get_active_implementation()->name()};
    for (auto other : simdjson::get_available_implementations())
      if (other->name() != names[0] && other->supported_by_runtime_system()) names.push_back(other->name());
    return names;
  }();
  return index < names.size() ? names[index].c_str() : nullptr;
}

}  // extern "C"
