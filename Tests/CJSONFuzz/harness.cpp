#include "harness.hpp"

#include <cstdio>
#include <cstring>

#include "reading.hpp"

namespace {

constexpr size_t recordBytesMax = 1 << 16;
constexpr float unwritten = -12345;

size_t normalize(const void *text, size_t length, void *out, size_t room) {
  // However long a text is: what is normalized in one go is bounded.
  if (length > 256 + 4 * (CJSON_ROW_MAX + 1)) fprintf(stderr, "%zu bytes are normalized at once\n", length), abort();
  std::string result = composed(std::string(static_cast<const char *>(text), length));
  if (result.size() <= room) memcpy(out, result.data(), result.size());
  return result.size();
}

/// A way of reading records of one schema.
struct Way {
  std::string name;
  const Schema &schema;
  cjson_options options;
  mutable std::unique_ptr<cjson_decoder, void (*)(cjson_decoder *)> decoder;

  // The number of a class that is found is that of its text among all before: the text is what is compared.
  void nameClasses(Reading &reading) const {
    bool isFull = false;
    for (size_t i = 0; i < schema.places.size(); i++) {
      const Place &place = schema.places[i];
      if (place.field.found_max == 0 || reading.outcome != CJSON_OK) continue;
      float &label = reading.labels[place.field.column];
      if (std::isnan(label) || label < float(place.values.size())) continue;
      size_t length, count = cjson_class_count(decoder.get(), int32_t(i));
      if (label >= float(count)) fprintf(stderr, "%s finds class %g of %zu\n", name.c_str(), label, count), abort();
      const char *text = cjson_class(decoder.get(), int32_t(i), size_t(label), &length);
      reading.strangers[i].assign(text, length);
      label = -1;
      // Long before the bound, which no reading knows of.
      if (count > 10000) isFull = true;
    }
    if (isFull) decoder.reset(schema.make(options));
  }

  Reading read(const uint8_t *bytes, size_t length) const {
    Reading reading;
    reading.numbers.assign(schema.numbers + 1, unwritten);
    reading.labels.assign(schema.labels + 1, unwritten);
    reading.categories.assign(schema.categories + 1, 54321);
    reading.outcome = cjson_decode(
        decoder.get(), bytes, length, reading.numbers.data(), reading.categories.data(), reading.labels.data(),
        &reading.eventTime, &reading.weight, &reading.field);
    reading.labelTime = cjson_label_time(decoder.get());
    bool isInside = reading.numbers.back() == unwritten && reading.labels.back() == unwritten;
    if (!isInside || reading.categories.back() != 54321) fprintf(stderr, "%s writes past its columns\n", name.c_str()), abort();
    reading.numbers.pop_back(), reading.labels.pop_back(), reading.categories.pop_back();
    for (int32_t bag = 0; bag < schema.bags; bag++) {
      const uint32_t *rows;
      const float *weights;
      size_t count = cjson_bag(decoder.get(), bag, &rows, &weights);
      reading.bags.emplace_back();
      // What was refused means nothing.
      if (reading.outcome != CJSON_OK) continue;
      for (size_t i = 0; i < count; i++) reading.bags.back().push_back({rows[i], weights[i]});
    }
    size_t shown;
    cjson_rejected(decoder.get(), &shown);
    if (shown > 72) fprintf(stderr, "%s shows %zu bytes\n", name.c_str(), shown), abort();
    nameClasses(reading);
    return reading;
  }
};

const std::vector<std::vector<Way>> &ways() {
  static const std::vector<std::vector<Way>> all = [] {
    std::vector<std::vector<Way>> all;
    for (const Schema &schema : schemas()) {
      all.emplace_back();
      for (size_t i = 0; const char *name = cjson_implementation(i); i++)
        for (bool byTokens : {false, true}) {
          cjson_options options = {recordBytesMax, normalize, nullptr, name, byTokens};
          std::unique_ptr<cjson_decoder, void (*)(cjson_decoder *)> decoder(schema.make(options), cjson_destroy);
          if (decoder == nullptr) fprintf(stderr, "no decoder by %s\n", name), abort();
          std::string way = std::string(name) + (byTokens ? ", by tokens" : ", by characters");
          all.back().push_back({way, schema, options, std::move(decoder)});
        }
    }
    return all;
  }();
  return all;
}

bool isSame(const std::vector<float> &a, const std::vector<float> &b) {
  auto isSameNumber = [](float a, float b) { return std::isnan(a) ? std::isnan(b) : memcmp(&a, &b, sizeof a) == 0; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), isSameNumber);
}

bool isSame(const Reading &a, const Reading &b) {
  if (a.outcome != b.outcome || a.field != b.field) return false;
  if (a.outcome != CJSON_OK) return true;
  auto isSameTime = [](double a, double b) { return std::isnan(a) ? std::isnan(b) : a == b; };
  return isSame(a.numbers, b.numbers) && isSame(a.labels, b.labels) && a.strangers == b.strangers &&
         a.categories == b.categories && isSameTime(a.eventTime, b.eventTime) &&
         isSameTime(a.labelTime, b.labelTime) && a.weight == b.weight && a.bags == b.bags;
}

void show(const char *who, const Reading &reading) {
  fprintf(stderr, "  %s: outcome %d field %d times %.17g %.17g", who, reading.outcome, reading.field, reading.eventTime,
          reading.labelTime);
  for (float value : reading.numbers) fprintf(stderr, " %a", value);
  fprintf(stderr, " | labels");
  for (float value : reading.labels) fprintf(stderr, " %a", value);
  fprintf(stderr, " | categories");
  for (uint32_t value : reading.categories) fprintf(stderr, " %u", value);
  for (auto &bag : reading.bags) {
    fprintf(stderr, " | bag");
    for (auto &[row, weight] : bag) fprintf(stderr, " %u:%a", row, weight);
  }
  fprintf(stderr, "\n");
}

[[noreturn]] void complain(
    const std::string &record, size_t schema, const std::string &who, const Reading &found, const char *other,
    const Reading &expected) {
  fprintf(stderr, "schema %zu, record of %zu bytes: ", schema, record.size());
  for (char c : record) isprint(uint8_t(c)) ? fputc(c, stderr) : fprintf(stderr, "\\x%02X", uint8_t(c));
  fprintf(stderr, "\n");
  show(who.c_str(), found);
  show(other, expected);
  abort();
}

/// What the plain reading makes of a record; nothing where its nesting decides, about which it is not asked.
std::optional<Reading> expected(const std::string &record, const Schema &schema) {
  Reading reading;
  plain::Value value;
  int depth = 0;
  bool isJSON = plain::Parser(record).parse(value, depth);
  if (depth > 128) return std::nullopt;
  if (!plain::isUTF8(record)) reading.outcome = CJSON_INVALID_UTF8;
  else if (!isJSON) reading.outcome = CJSON_MALFORMED;
  else if (value.kind != plain::Value::object) reading.outcome = CJSON_NOT_AN_OBJECT;
  else return Reader(schema).read(value);
  return reading;
}

/// A record in which every key follows the one that is declared before it, so that the guesses of all decoders are the same.
const std::string &ordinary(size_t schema) {
  static const std::string records[] = {
      R"({"x":{"a":1,"b":2,"c":"c","d":true},"a":1,"b":0.5,"o":{"p":{"q":3}},"y":1,"t":5})",
      R"({"x.a":1,"a":3,"é":4,"list":["u"],"twenty_five_letters_long_":"x","t":6,"y":"late"})",
      R"({"a":1,"b":2,"d":true,"c":"true","t":5,"u":6,"y":1,"z":2})",
      R"({"t":7,"c":["a"],"u":"8","x":{"a":9},"y":1})",
      R"({"a":1,"m":{"k":1},"x":{"m":{}},"n":{"k":2},"s":"a b","u":"c","y":1})",
      R"({"x":{"c":"v"},"u":"w","a":2,"d":true,"t":7,"y":1})"};
  return records[schema];
}

}  // namespace

size_t announce() {
  std::string names;
  for (const Way &way : ways()[0]) names += (names.empty() ? "" : "; ") + way.name;
  fprintf(stderr, "%zu schemas, read by: %s\n", ways().size(), names.c_str());
  return ways()[0].size();
}

void check(const uint8_t *bytes, size_t length) {
  std::string record(reinterpret_cast<const char *>(bytes), length);
  if (length > recordBytesMax) return;
  if (length > 0 && length <= 256 && cjson_is_number(bytes, length) != plain::Parser::isNumber(record))
    fprintf(stderr, "a number or not: %s\n", record.c_str()), abort();
  for (size_t schema = 0; schema < ways().size(); schema++) {
    std::optional<Reading> plain = expected(record, ways()[schema][0].schema);
    std::optional<Reading> first;
    for (const Way &way : ways()[schema]) {
      way.read(reinterpret_cast<const uint8_t *>(ordinary(schema).data()), ordinary(schema).size());
      // Twice: the second time its own keys are what is expected.
      for (int time = 0; time < 2; time++) {
        Reading reading = way.read(bytes, length);
        if (plain && !isSame(reading, *plain)) complain(record, schema, way.name, reading, "plainly", *plain);
        if (!first) first = reading;
        if (!isSame(reading, *first)) complain(record, schema, way.name, reading, ways()[schema][0].name.c_str(), *first);
      }
    }
  }
}
