#pragma once
#include <cfloat>
#include <limits>

#include "Number.hpp"
#include "Schema.hpp"
#include "Text.hpp"

// One pass over the tokens of one record.
namespace cjson {

// Where the values of a record go.
struct Outputs {
  float *numbers;
  uint32_t *categories;
  float *label;
  double *eventTime;
};

class Walker {
 public:
  static constexpr int nestingMax = 128;

  Walker(const uint8_t *buffer, size_t length, const uint32_t *tokens, bool hasEscapes, uint8_t *scratch, Outputs out, uint32_t record,
         cjson_counts *counts)
      : buffer_(buffer), length_(length), token_(tokens), hasEscapes_(hasEscapes), scratch_(scratch), out_(out), record_(record),
        counts_(counts) {}

  const uint32_t *token() const { return token_; }
  int32_t outcome() const { return outcome_; }
  int32_t field() const { return field_; }

  // Each of these returns CJSON_OK, or what makes the bytes no record at all (malformed, nested too deep). What is wrong
  // with a value is noted, and the walk goes on: a record that is not JSON is malformed whatever it holds.

  // Walks the object whose opening brace is the first token.
  int32_t open(Node &root) {
    token_++;
    return object(root);
  }

  // Walks the object whose opening brace was the last token.
  CJSON_CLONES int32_t object(Node &node) {
    if (peek() == '}') return token_++, CJSON_OK;
    const uint8_t *const buffer = buffer_;
    const uint32_t *token = token_;
    Key **guess = &node.first;
    for (;;) {
      const uint8_t *quote = buffer + token[0];
      if (*quote != '"' || buffer[token[1]] != ':') return CJSON_MALFORMED;
      Key *key = *guess;
      if (key == nullptr || !matches(*key, quote + 1)) {
        Slice text = string(quote);
        if (text.start == nullptr) return CJSON_MALFORMED;
        key = node.find(text.start, text.length);
        // An undeclared key leaves the guess for the next one as it is.
        if (key != nullptr) *guess = key;
      }
      const uint8_t *start = buffer + token[2];
      double value;
      // A sign or a digit; the two characters between them begin nothing.
      if (key != nullptr && key->column >= 0 && uint8_t(*start - '-') <= '9' - '-' && readShortNumber(start, value) &&
          value >= key->low && value <= key->high) {
        key->seenIn = record_;
        out_.numbers[key->column] = float(value);
        token += 3;
      } else {
        token_ = token + 2;
        int32_t result = key != nullptr ? keep(*key) : skip();
        if (result != CJSON_OK) return result;
        token = token_;
      }
      if (key != nullptr) guess = &key->next;
      uint8_t separator = buffer[*token++];
      if (separator == ',') continue;
      token_ = token;
      return separator == '}' ? CJSON_OK : CJSON_MALFORMED;
    }
  }

  // Walks any value and keeps nothing of it.
  int32_t skip() {
    bool isObject[nestingMax];
    int depth = 0;
    for (;;) {
      const uint8_t *start = buffer_ + *token_++;
      bool isOpen = false;
      switch (*start) {
        case '{':
        case '[':
          if (depth == nestingMax) return CJSON_OVERSIZED;
          if (peek() == *start + 2) {  // in ASCII each closing bracket is two after its opening one
            token_++;
          } else {
            isObject[depth++] = *start == '{';
            isOpen = true;
          }
          break;
        case '"':
          if (hasEscapes_ && string(start).start == nullptr) return CJSON_MALFORMED;
          break;
        default:
          if (!isScalar(start)) return CJSON_MALFORMED;
      }
      while (!isOpen) {
        if (depth == 0) return CJSON_OK;
        uint8_t separator = buffer_[*token_++];
        if (separator == ',') break;
        if (separator != (isObject[depth - 1] ? '}' : ']')) return CJSON_MALFORMED;
        depth--;
      }
      if (isObject[depth - 1]) {
        const uint8_t *quote = buffer_ + token_[0];
        if (*quote != '"' || buffer_[token_[1]] != ':') return CJSON_MALFORMED;
        if (hasEscapes_ && string(quote).start == nullptr) return CJSON_MALFORMED;
        token_ += 2;
      }
    }
  }

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
        *out_.label = std::numeric_limits<float>::quiet_NaN();
        return;
    }
    if (given.missing == CJSON_MISSING_REJECT) return note(CJSON_MISSING_FIELD, field);
    counts_[field.index].imputed++;
    if (given.kind == CJSON_CATEGORY) {
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
      }
    } else if (value > FLT_MAX || value < -FLT_MAX) {
      return note(CJSON_OVERFLOW, field);
    }
    out_.numbers[given.column] = float(value);
  }

  void keepCategory(const Field &field, const void *text, size_t length) {
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
        if (given.unknown == CJSON_UNKNOWN_REJECT) return note(CJSON_UNKNOWN_CATEGORY, field);
      }
      bucket = known > 0 && given.unknown == CJSON_UNKNOWN_MISSING ? 0 : 1 + known + hash % (given.buckets - 1 - known);
    }
    out_.categories[given.column] = bucket;
  }

 private:
  uint8_t peek() const { return buffer_[*token_]; }

  // The text of the string at `quote`; stage 1 has seen to its end and to control characters.
  Slice string(const uint8_t *quote) {
    if (hasEscapes_) return unescape(quote, scratch_);
    auto end = static_cast<const uint8_t *>(memchr(quote + 1, '"', buffer_ + length_ - quote - 1));
    return {quote + 1, size_t(end - quote - 1)};
  }

  static bool isWord(const uint8_t *start, const char *word, size_t length) {
    return memcmp(start, word, length) == 0 && terminators.ends[start[length]];
  }

  // Whether a number or one of the three words is here.
  static bool isScalar(const uint8_t *start) {
    switch (*start) {
      case 't': return isWord(start, "true", 4);
      case 'f': return isWord(start, "false", 5);
      case 'n': return isWord(start, "null", 4);
      default: return readNumber(start).end != nullptr;
    }
  }

  // Walks the value of a declared key, whatever it is.
  __attribute__((noinline)) int32_t keep(Key &key) {
    const uint8_t *start = buffer_ + *token_;
    Field *field = key.field;
    if (field == nullptr) return expectedObject(key);
    key.seenIn = record_;
    switch (*start) {
      case '"': {
        Slice text = string(start);
        if (text.start == nullptr) return CJSON_MALFORMED;
        token_++;
        for (; field != nullptr; field = field->alias) keepText(*field, text);
        return CJSON_OK;
      }
      case 't':
      case 'f': {
        if (!isScalar(start)) return CJSON_MALFORMED;
        token_++;
        for (; field != nullptr; field = field->alias) keepTruth(*field, *start == 't');
        return CJSON_OK;
      }
      case 'n':
        if (!isScalar(start)) return CJSON_MALFORMED;
        token_++;
        // As if it were not there; and it undoes an earlier value of a key that occurs twice.
        key.seenIn = 0;
        return CJSON_OK;
      case '{':
      case '[':
        for (; field != nullptr; field = field->alias) note(wrongType(*field), *field);
        return skip();
      default: {
        Number number = readNumber(start);
        if (number.end == nullptr) return CJSON_MALFORMED;
        token_++;
        if (key.column >= 0 && !number.isExact && number.value > key.low && number.value < key.high &&
            roundsSafely(number.value)) {
          out_.numbers[key.column] = float(number.value);
          return CJSON_OK;
        }
        double exact = number.isExact ? number.value : exactValue(start, number.end);
        for (; field != nullptr; field = field->alias)
          keepNumeral(*field, exact, {start, size_t(number.end - start)}, number.isWhole);
        return CJSON_OK;
      }
    }
  }

  // The value of a key that should be an object: null is as good as an object without keys.
  int32_t expectedObject(Key &key) {
    const uint8_t *start = buffer_ + *token_;
    if (*start == '{') {
      token_++;
      return object(*key.object);
    }
    if (*start != 'n') noteFirst(*key.object);
    return skip();
  }

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
      case CJSON_LABEL_BINARY: *out_.label = truth; return;
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
        *out_.label = value == 1;
        return;
      default:
        if (!(std::fabs(value) <= FLT_MAX)) return note(CJSON_BAD_LABEL, field);
        *out_.label = float(value);
    }
  }

  void keepClass(const Field &field, Slice text) {
    int32_t place = field.values.find(text.start, text.length, hash64(text.start, text.length));
    if (place < 0) return note(CJSON_BAD_LABEL, field);
    *out_.label = float(place);
  }

  const uint8_t *buffer_;
  size_t length_;
  const uint32_t *token_;
  bool hasEscapes_;
  uint8_t *scratch_;
  Outputs out_;
  uint32_t record_;
  cjson_counts *counts_;
  int32_t outcome_ = CJSON_OK;
  int32_t field_ = -1;
};

}  // namespace cjson
