#pragma once
#include "Vectors.hpp"
#include "Walker.hpp"

#if defined(__x86_64__)
namespace cjson {

// Goes through a record character by character, as long as it looks as most records do: the keys one after the other as
// in the record before, no white space but a single one after a colon or a comma, strings of ASCII without escapes, no
// arrays. From the first place that looks different, a Walker goes through the rest: nothing is refused here, and
// nothing is looked at twice.
class Runner {
 public:
  Runner(Walker &walker, Keeper &keeper, const uint8_t *start, const uint8_t *end)
      : walker_(walker), keeper_(keeper), at_(start), end_(end) {}

  // Walks the object whose opening brace is at the start. When the walker has not taken over, `at` is behind it.
  CJSON_AVX2 int32_t open(Node &root) {
    at_++;
    return object(root);
  }

  const uint8_t *at() const { return at_; }

 private:
  // Walks the members from `p` on that are plain numbers and come as expected, and returns where the next one begins.
  CJSON_AVX2_INLINE const uint8_t *numbers(const uint8_t *p, Key **&guess) {
    const Keeper::Plain plain = keeper_.plain();
    for (Key *key = *guess; key != nullptr && key->column >= 0 && isAt(*key, p); key = *guess) {
      const uint8_t *start = p + key->length;
      if (__builtin_expect(*start == ' ', 0)) start = afterSpace(start);
      Decimal decimal(start);
      if (*decimal.end != ',' || !decimal.isNumber) break;
      double value;
      if (__builtin_expect(decimal.count <= 15, 1)) {
        value = decimal.shortValue();
        if (!(value >= key->low && value <= key->high)) break;
      } else {
        if (decimal.count > 18) break;
        value = decimal.divided(double(int64_t(decimal.mantissa())));
        if (!Keeper::isWithin(*key, value)) break;
      }
      plain.keep(*key, value);
      p = decimal.end + 1;
      if (__builtin_expect(*p == ' ', 0)) p = afterSpace(p);
      guess = &key->next;
    }
    return p;
  }

  // The compiler must not make arithmetic of the branch: what comes next would have to wait for it.
  CJSON_INLINE static const uint8_t *afterSpace(const uint8_t *p) {
    asm volatile("" : "+r"(p));
    return p + 1;
  }

  CJSON_AVX2 int32_t object(Node &node) {
    const uint8_t *p = at_;
    Key **guess = &node.first;
    // Empty, or with white space before the first key: for the walker, as any white space that is not expected.
    if (__builtin_expect(*p != '"', 0)) {
      if (*p == '}') return at_ = p + 1, CJSON_OK;
      return handOver(p, guess, node, Place::opened);
    }
    for (;;) {
      p = numbers(p, guess);
      const uint8_t *member = p;
      Key *key = *guess;
      if (__builtin_expect(key != nullptr && isAt(*key, p), 1)) {
        p += key->length;
      } else {
        ptrdiff_t length = *p == '"' ? plainLength(p + 1, end_) : -1;
        if (length < 0 || p[length + 2] != ':') return handOver(member, guess, node, Place::member);
        key = node.find(p + 1, size_t(length));
        if (key != nullptr && key->canBeGuessed()) *guess = key;
        p += length + 3;
      }
      if (*p == ' ') p++;
      const uint8_t *start = p;
      if (__builtin_expect(uint8_t(*start - '-') <= '9' - '-', 1)) {
        Number number = readVectorNumber(start);
        if (number.end == nullptr) number = readNumber(start);
        if (number.end == nullptr) return handOver(member, guess, node, Place::member);
        if (key != nullptr && !keeper_.keepPlain(*key, number.value, number.isExact))
          keeper_.keepNumeral(*key, number, start);
        p = number.end;
      } else if (*start == '"') {
        ptrdiff_t length = plainLength(start + 1, end_);
        if (length < 0) return handOver(member, guess, node, Place::member);
        if (key != nullptr) keeper_.keepText(*key, {start + 1, size_t(length)});
        p = start + length + 2;
      } else if (*start == '{') {
        if (key == nullptr || key->field != nullptr) return handOver(member, guess, node, Place::member);
        at_ = start + 1;
        int32_t result = object(*key->object);
        if (result != CJSON_OK) return result;
        if (walker_.hasTokens()) return walker_.rest(&key->next, node);
        p = at_;
      } else {
        p = word(key, start);
        if (p == start) return handOver(member, guess, node, Place::member);
      }
      if (key != nullptr) guess = &key->next;
      if (__builtin_expect(*p != ',', 0)) {
        if (*p == '}') return at_ = p + 1, CJSON_OK;
        return handOver(p, guess, node, Place::after);
      }
      p++;
      if (*p == ' ') p++;
    }
  }

  // Keeps one of the three words, and returns where it ends; `start`: none is here.
  const uint8_t *word(Key *key, const uint8_t *start) {
    bool isTruth = *start == 't', isNull = *start == 'n';
    if ((!isTruth && !isNull && *start != 'f') || !isScalar(start)) return start;
    if (key != nullptr && isNull) keeper_.keepNull(*key);
    if (key != nullptr && !isNull) keeper_.keepTruth(*key, isTruth);
    return start + (isTruth || isNull ? 4 : 5);
  }

  // Where in an object the walker takes over.
  enum class Place { opened, member, after };

  // Lets the walker go through the rest of an object from `p` on: behind its opening brace, where a member must begin, or
  // where one has just ended. A blank that was passed over may have been the first one behind the record.
  __attribute__((noinline)) int32_t handOver(const uint8_t *p, Key **guess, Node &node, Place place) {
    if (p >= end_ || !walker_.tokenize(p, end_)) return CJSON_MALFORMED;
    switch (place) {
      case Place::opened: return walker_.object(node);
      case Place::member: return walker_.members(guess, node);
      default: return walker_.rest(guess, node);
    }
  }

  Walker &walker_;
  Keeper &keeper_;
  const uint8_t *at_;
  const uint8_t *end_;
};

}  // namespace cjson
#endif
