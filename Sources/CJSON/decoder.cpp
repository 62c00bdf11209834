#include "CJSON.h"

#include <simdjson.h>

#include <algorithm>
#include <new>

#include "Walker.hpp"

using namespace cjson;

struct cjson_decoder {
  std::vector<std::unique_ptr<Field>> fields;
  std::vector<cjson_counts> counts;
  std::vector<Key *> keys;  // by field
  Node root;
  size_t recordBytesMax = 0;
  size_t capacity = 0;
  std::unique_ptr<uint8_t[]> buffer;   // the record, then padding
  std::unique_ptr<uint8_t[]> scratch;  // one string without its escapes
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  uint32_t record = 0;

  // Stage 1 and the walker read whole vectors and words: so far beyond the record, and no further.
  static constexpr size_t padding = 2 * simdjson::SIMDJSON_PADDING;

  bool reserve(size_t length) {
    if (length <= capacity) return true;
    size_t wanted = std::min(std::max(length, std::max(2 * capacity, size_t(16384))), std::max(recordBytesMax, length));
    std::unique_ptr<uint8_t[]> room(new (std::nothrow) uint8_t[wanted + padding]);
    std::unique_ptr<uint8_t[]> text(new (std::nothrow) uint8_t[wanted + padding]);
    if (!room || !text) return false;
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(wanted, Walker::nestingMax, parser))
      return false;
    buffer = std::move(room);
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
    if (length > recordBytesMax || !reserve(length)) return CJSON_OVERSIZED;
    memcpy(buffer.get(), bytes, length);
    memset(buffer.get() + length, ' ', padding);
    if (parser->stage1(buffer.get(), length, simdjson::stage1_mode::regular))
      return simdjson::validate_utf8(reinterpret_cast<const char *>(buffer.get()), length) ? CJSON_MALFORMED
                                                                                           : CJSON_INVALID_UTF8;
    bool hasEscapes = memchr(buffer.get(), '\\', length) != nullptr;
    const uint32_t *tokens = parser->structural_indexes.get();
    const uint32_t *end = tokens + parser->n_structural_indexes;
    nextRecord();
    Walker walker(buffer.get(), length, tokens, hasEscapes, scratch.get(), out, record, counts.data());
    bool isObject = buffer[*tokens] == '{';
    int32_t result = isObject ? walker.open(root) : walker.skip();
    if (result != CJSON_OK) return result;
    if (walker.token() != end) return CJSON_MALFORMED;
    if (!isObject) return CJSON_NOT_AN_OBJECT;
    for (size_t i = 0; i < fields.size(); i++)
      if (keys[i]->seenIn != record) walker.absent(*fields[i]);
    *field = walker.field();
    return walker.outcome();
  }
};

extern "C" {

cjson_decoder *cjson_create(const cjson_field *fields, size_t field_count, size_t record_bytes_max) {
  auto decoder = std::make_unique<cjson_decoder>();
  decoder->recordBytesMax = record_bytes_max;
  decoder->counts.resize(field_count);
  for (size_t i = 0; i < field_count; i++) {
    auto field = std::make_unique<Field>();
    field->given = fields[i];
    field->index = int32_t(i);
    field->values.fill(fields[i].values, fields[i].value_count);
    decoder->fields.push_back(std::move(field));
  }
  compile(decoder->fields, decoder->root, decoder->keys);
  // What was given by pointer has been copied.
  for (auto &field : decoder->fields) field->given.path = nullptr, field->given.values = nullptr;
  return decoder->reserve(std::min(record_bytes_max, size_t(16384))) ? decoder.release() : nullptr;
}

void cjson_destroy(cjson_decoder *decoder) { delete decoder; }

int32_t cjson_decode(
    cjson_decoder *decoder, const void *bytes, size_t length, float *numbers, uint32_t *categories, float *label,
    double *event_time, int32_t *field) {
  *label = *event_time = NAN;
  return decoder->decode(bytes, length, {numbers, categories, label, event_time}, field);
}

int32_t cjson_number(cjson_decoder *decoder, int32_t field, double value, float *number) {
  const Field &place = *decoder->fields[field];
  Walker walker(nullptr, 0, nullptr, false, nullptr, {number - place.given.column, nullptr, nullptr, nullptr}, 0,
                decoder->counts.data());
  if (std::isnan(value)) walker.absent(place);
  else if (std::isinf(value)) walker.note(CJSON_OVERFLOW, place);
  else if (place.given.kind == CJSON_BOOLEAN && value != 0 && value != 1) walker.note(CJSON_WRONG_TYPE, place);
  else walker.keepNumber(place, value);
  return walker.outcome();
}

int32_t cjson_category(cjson_decoder *decoder, int32_t field, const void *text, size_t length, uint32_t *bucket) {
  const Field &place = *decoder->fields[field];
  Walker walker(nullptr, 0, nullptr, false, nullptr, {nullptr, bucket - place.given.column, nullptr, nullptr}, 0,
                decoder->counts.data());
  if (text == nullptr) walker.absent(place);
  else walker.keepCategory(place, text, length);
  return walker.outcome();
}

const cjson_counts *cjson_counters(const cjson_decoder *decoder) { return decoder->counts.data(); }

uint64_t cjson_hash(const void *bytes, size_t length) { return hash64(bytes, length); }

bool cjson_is_number(const void *bytes, size_t length) {
  // Copied in front of a terminator and padding; no number that a table holds is longer than this.
  uint8_t text[256 + 64];
  if (length == 0 || length > 256) return false;
  memcpy(text, bytes, length);
  memset(text + length, ' ', 64);
  return readNumber(text).end == text + length;
}

const char *cjson_implementation(void) {
  static const std::string name = simdjson::get_active_implementation()->name();
  return name.c_str();
}

}  // extern "C"
