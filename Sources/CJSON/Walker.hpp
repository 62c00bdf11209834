#pragma once
#include <simdjson.h>

#include "Keeper.hpp"
#include "Normal.hpp"

namespace cjson {

// Goes through any record, or the rest of one, token by token: simdjson finds the tokens and checks UTF-8 first.
//
// What returns an outcome returns CJSON_OK, or what makes the bytes no record at all (malformed, nested too deep).
class Walker {
 public:
  static constexpr int nestingMax = 128;

  Walker(simdjson::internal::dom_parser_implementation &parser, uint8_t *scratch, Normalizer &normal, Keeper &keeper)
      : parser_(parser), scratch_(scratch), normal_(normal), keeper_(keeper) {}

  // Finds the tokens from `start`, which is between two of them, to `end`. The first of them is next. False: the bytes
  // are not UTF-8, or a string is wrong, or there are no tokens.
  bool tokenize(const uint8_t *start, const uint8_t *end) {
    if (start >= end) return false;
    buffer_ = start;
    length_ = size_t(end - start);
    if (parser_.stage1(start, length_, simdjson::stage1_mode::regular)) return false;
    token_ = parser_.structural_indexes.get();
    end_ = token_ + parser_.n_structural_indexes;
    hasEscapes_ = memchr(start, '\\', length_) != nullptr;
    return true;
  }

  // Whether tokenize has been called, and nothing is left of what it found.
  bool isDone() const { return token_ != nullptr && token_ == end_; }
  bool hasTokens() const { return token_ != nullptr; }
  uint8_t peek() const { return buffer_[*token_]; }

  // Walks the object whose opening brace is next.
  int32_t open(Node &root) {
    token_++;
    return object(root);
  }

  // Walks the rest of an object whose next member is next.
  CJSON_CLONES int32_t members(Key **guess, Node &node) {
    const uint8_t *const buffer = buffer_;
    const uint32_t *token = token_;
    for (;;) {
      const uint8_t *quote = buffer + token[0];
      if (*quote != '"' || buffer[token[1]] != ':') return CJSON_MALFORMED;
      Key *key = *guess;
      if (key == nullptr || !matches(*key, quote)) {
        Slice text = string(quote);
        if (text.start == nullptr) return CJSON_MALFORMED;
        text = normal_(text);
        key = node.find(text.start, text.length);
        // An undeclared key leaves the guess for the next one as it is.
        if (key != nullptr && key->canBeGuessed()) *guess = key;
      }
      const uint8_t *start = buffer + token[2];
      double value;
      // A sign or a digit; the two characters between them begin nothing.
      if (key != nullptr && key->column >= 0 && uint8_t(*start - '-') <= '9' - '-' && readShortNumber(start, value) &&
          keeper_.keepPlain(*key, value, true)) {
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

  // Walks the object whose opening brace was the last token, or stood before the first one.
  int32_t object(Node &node) {
    if (peek() == '}') return token_++, CJSON_OK;
    return members(&node.first, node);
  }

  // Walks a declared map that is all there is.
  int32_t only(Key &key) {
    if (peek() != '{') return CJSON_NOT_AN_OBJECT;
    int32_t result = map(key);
    return result == CJSON_OK && !isDone() ? CJSON_MALFORMED : result;
  }

  // Walks the rest of an object after a member.
  int32_t rest(Key **guess, Node &node) {
    uint8_t separator = buffer_[*token_++];
    if (separator == ',') return members(guess, node);
    return separator == '}' ? CJSON_OK : CJSON_MALFORMED;
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

 private:
  // The text of the string at `quote`, as it is compared; stage 1 has seen to its end and to control characters.
  Slice text(const uint8_t *quote) { return normal_(string(quote)); }

  Slice string(const uint8_t *quote) {
    if (hasEscapes_) return unescape(quote, scratch_);
    auto end = static_cast<const uint8_t *>(memchr(quote + 1, '"', buffer_ + length_ - quote - 1));
    return {quote + 1, size_t(end - quote - 1)};
  }

  // Walks the map whose opening brace is next, the value of a declared key.
  int32_t map(Key &key) {
    keeper_.beginMap(key);
    token_++;
    if (peek() == '}') return token_++, CJSON_OK;
    for (;;) {
      const uint8_t *quote = buffer_ + token_[0];
      if (*quote != '"' || buffer_[token_[1]] != ':') return CJSON_MALFORMED;
      Slice name = text(quote);
      if (name.start == nullptr) return CJSON_MALFORMED;
      token_ += 2;
      int32_t result = entry(key, name);
      if (result != CJSON_OK) return result;
      uint8_t separator = buffer_[*token_++];
      if (separator == '}') return CJSON_OK;
      if (separator != ',') return CJSON_MALFORMED;
    }
  }

  // Walks the value of an entry; null is none.
  int32_t entry(Key &key, Slice name) {
    const uint8_t *start = buffer_ + *token_;
    if (*start == '"') {
      // The next text may take the place of this one.
      pair_.assign(name.start, name.start + name.length);
      Slice text = this->text(start);
      if (text.start == nullptr) return CJSON_MALFORMED;
      pair_.push_back('=');
      pair_.insert(pair_.end(), text.start, text.start + text.length);
      keeper_.keepTextAt(key, {pair_.data(), pair_.size()}, {pair_.data() + pair_.size() - text.length, text.length});
    } else if (*start == '{' || *start == '[') {
      keeper_.keepCompoundAt(key, *start == '{');
      return skip();
    } else if (uint8_t(*start - '-') <= '9' - '-') {
      Number number = readNumber(start);
      if (number.end == nullptr) return CJSON_MALFORMED;
      keeper_.keepNumeralAt(key, name, number, start);
    } else {
      if (!isScalar(start)) return CJSON_MALFORMED;
      if (*start != 'n') keeper_.keepTruthAt(key, name, *start == 't');
    }
    token_++;
    return CJSON_OK;
  }

  // Walks the list whose opening bracket is next, the value of a declared key; null in it is no value.
  int32_t list(Key &key) {
    keeper_.beginList(key);
    token_++;
    if (peek() == ']') return token_++, CJSON_OK;
    for (;;) {
      int32_t result = element(key);
      if (result != CJSON_OK) return result;
      uint8_t separator = buffer_[*token_++];
      if (separator == ']') return CJSON_OK;
      if (separator != ',') return CJSON_MALFORMED;
    }
  }

  int32_t element(Key &key) {
    const uint8_t *start = buffer_ + *token_;
    if (*start == '"') {
      Slice text = this->text(start);
      if (text.start == nullptr) return CJSON_MALFORMED;
      keeper_.keepTextIn(key, text);
    } else if (*start == '{' || *start == '[') {
      keeper_.keepCompoundIn(key, *start == '{');
      return skip();
    } else if (uint8_t(*start - '-') <= '9' - '-') {
      Number number = readNumber(start);
      if (number.end == nullptr) return CJSON_MALFORMED;
      keeper_.keepNumeralIn(key, number, start);
    } else {
      if (!isScalar(start)) return CJSON_MALFORMED;
      if (*start != 'n') keeper_.keepTruthIn(key, *start == 't');
    }
    token_++;
    return CJSON_OK;
  }

  // Walks the value of a declared key, whatever it is.
  __attribute__((noinline)) int32_t keep(Key &key) {
    const uint8_t *start = buffer_ + *token_;
    switch (*start) {
      case '"': {
        Slice text = this->text(start);
        if (text.start == nullptr) return CJSON_MALFORMED;
        keeper_.keepText(key, text);
        break;
      }
      case '{':
        if (key.field == nullptr) return open(*key.object);
        if (key.isMap()) return map(key);
        keeper_.keepObject(key);
        return skip();
      case '[': return list(key);
      case 't':
      case 'f':
        if (!isScalar(start)) return CJSON_MALFORMED;
        keeper_.keepTruth(key, *start == 't');
        break;
      case 'n':
        if (!isScalar(start)) return CJSON_MALFORMED;
        keeper_.keepNull(key);
        break;
      default: {
        Number number = readNumber(start);
        if (number.end == nullptr) return CJSON_MALFORMED;
        keeper_.keepNumeral(key, number, start);
      }
    }
    token_++;
    return CJSON_OK;
  }

  simdjson::internal::dom_parser_implementation &parser_;
  uint8_t *scratch_;
  Normalizer &normal_;
  Keeper &keeper_;
  const uint8_t *buffer_ = nullptr;
  size_t length_ = 0;
  const uint32_t *token_ = nullptr;
  const uint32_t *end_ = nullptr;
  bool hasEscapes_ = false;
  std::vector<uint8_t> pair_;
};

}  // namespace cjson
