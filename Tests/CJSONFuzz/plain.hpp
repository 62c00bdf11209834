#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// JSON by RFC 8259, as plainly as it can be written: the records are held against this.
namespace plain {

struct Value {
  enum Kind { null, truth, number, text, list, object } kind = null;
  bool isTrue = false;
  std::string content;  // of a text, without escapes; of a number, as written
  std::vector<Value> items;
  std::vector<std::pair<std::string, Value>> members;
};

// Characters from the bytes of UTF-8, one after the other; -1: there is none here.
inline int32_t character(const std::string &bytes, size_t &at) {
  auto byte = [&](size_t place) { return place < bytes.size() ? uint8_t(bytes[place]) : 0u; };
  auto more = [&](size_t place) { return (byte(place) & 0xC0) == 0x80; };
  uint32_t lead = byte(at);
  int count = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (count == 0) return -1;
  int32_t code = count == 1 ? lead : lead & (0xFF >> (count + 1));
  for (int i = 1; i < count; i++) {
    if (!more(at + i)) return -1;
    code = code << 6 | (byte(at + i) & 0x3F);
  }
  if ((count == 3 && code < 0x800) || (count == 4 && (code < 0x10000 || code > 0x10FFFF))) return -1;
  if (code >= 0xD800 && code < 0xE000) return -1;
  at += count;
  return code;
}

inline bool isUTF8(const std::string &bytes) {
  for (size_t at = 0; at < bytes.size();)
    if (character(bytes, at) < 0) return false;
  return true;
}

class Parser {
 public:
  explicit Parser(const std::string &bytes) : bytes_(bytes) {}

  // Whether the bytes are one value, which is then in `value`; `depth` is how deep its lists and objects lie in each other.
  bool parse(Value &value, int &depth) {
    if (bytes_.compare(0, 3, "\xEF\xBB\xBF") == 0) at_ = 3;
    space();
    bool isOne = take(value, 0);
    space();
    depth = deepest_;
    return isOne && at_ == bytes_.size();
  }

  static bool isNumber(const std::string &text) {
    Parser parser(text);
    return parser.number() && parser.at_ == text.size();
  }

 private:
  int peek() const { return at_ < bytes_.size() ? uint8_t(bytes_[at_]) : -1; }
  bool take(char c) { return peek() == uint8_t(c) ? ++at_, true : false; }
  void space() {
    while (take(' ') || take('\t') || take('\n') || take('\r')) {}
  }

  bool word(const char *word) {
    for (; *word != 0; word++)
      if (!take(*word)) return false;
    return true;
  }

  bool digits() {
    size_t first = at_;
    while (peek() >= '0' && peek() <= '9') at_++;
    return at_ > first;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  int hex() {
    int value = 0;
    for (int i = 0; i < 4; i++, at_++) {
      int c = peek();
      if (c >= '0' && c <= '9') value = value * 16 + c - '0';
      else if (c >= 'a' && c <= 'f') value = value * 16 + c - 'a' + 10;
      else if (c >= 'A' && c <= 'F') value = value * 16 + c - 'A' + 10;
      else return -1;
    }
    return value;
  }

  static void append(std::string &text, uint32_t code) {
    if (code < 0x80) {
      text += char(code);
    } else if (code < 0x800) {
      text += {char(0xC0 | code >> 6), char(0x80 | (code & 0x3F))};
    } else if (code < 0x10000) {
      text += {char(0xE0 | code >> 12), char(0x80 | (code >> 6 & 0x3F)), char(0x80 | (code & 0x3F))};
    } else {
      text += {char(0xF0 | code >> 18), char(0x80 | (code >> 12 & 0x3F)), char(0x80 | (code >> 6 & 0x3F)),
               char(0x80 | (code & 0x3F))};
    }
  }

  bool escape(std::string &text) {
    static const std::string letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    int c = peek();
    at_++;
    if (c != 'u') {
      size_t place = c < 0 ? std::string::npos : letters.find(char(c));
      if (place == std::string::npos) return false;
      text += meanings[place];
      return true;
    }
    int code = hex();
    if (code < 0 || (code >= 0xDC00 && code < 0xE000)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      if (!take('\\') || !take('u')) return false;
      int low = hex();
      if (low < 0xDC00 || low >= 0xE000) return false;
      code = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00);
    }
    append(text, code);
    return true;
  }

  bool string(std::string &text) {
    if (!take('"')) return false;
    for (;;) {
      int c = peek();
      at_++;
      if (c < 0x20) return false;
      if (c == '"') return true;
      if (c != '\\') text += char(c);
      else if (!escape(text)) return false;
    }
  }

  template <typename Element>
  bool sequence(char close, Element element) {
    at_++;
    space();
    if (take(close)) return true;
    for (;;) {
      if (!element()) return false;
      space();
      if (take(close)) return true;
      if (!take(',')) return false;
      space();
    }
  }

  bool take(Value &value, int depth) {
    switch (peek()) {
      case '{':
        deepest_ = std::max(deepest_, depth + 1);
        value.kind = Value::object;
        return sequence('}', [&] {
          value.members.emplace_back();
          if (!string(value.members.back().first)) return false;
          space();
          if (!take(':')) return false;
          space();
          return take(value.members.back().second, depth + 1);
        });
      case '[':
        deepest_ = std::max(deepest_, depth + 1);
        value.kind = Value::list;
        return sequence(']', [&] {
          value.items.emplace_back();
          return take(value.items.back(), depth + 1);
        });
      case '"': value.kind = Value::text; return string(value.content);
      case 't': value.kind = Value::truth; value.isTrue = true; return word("true");
      case 'f': value.kind = Value::truth; return word("false");
      case 'n': return word("null");
      default: {
        size_t first = at_;
        value.kind = Value::number;
        if (!number()) return false;
        value.content = bytes_.substr(first, at_ - first);
        return true;
      }
    }
  }

  const std::string &bytes_;
  size_t at_ = 0;
  int deepest_ = 0;
};

}  // namespace plain
