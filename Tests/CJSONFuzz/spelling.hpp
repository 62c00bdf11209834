#pragma once
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <strings.h>

// What texts spell, in the simplest possible way.

inline std::string trimmed(std::string word) {
  auto isBlank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!word.empty() && isBlank(word.back())) word.pop_back();
  while (!word.empty() && isBlank(word.front())) word.erase(0, 1);
  return word;
}

inline bool is(const std::string &word, const char *other) {
  return word.size() == strlen(other) && strcasecmp(word.c_str(), other) == 0;
}

inline bool isNothing(const std::string &word) {
  return word.empty() || is(word, "nan") || is(word, "na") || is(word, "n/a") || is(word, "null") || is(word, "none");
}

// What a text of a map's entry counts as; nothing: itself.
inline std::optional<double> numberIn(std::string word);

inline std::optional<double> spelledIn(const std::string &text) {
  std::string word = trimmed(text);
  if (isNothing(word) || is(word, "false")) return 0;
  return is(word, "true") ? 1 : numberIn(word);
}

inline std::optional<double> numberIn(std::string word) {
  double sign = word[0] == '-' ? -1 : 1;
  if (word[0] == '-' || word[0] == '+') word.erase(0, 1);
  if (is(word, "inf") || is(word, "infinity")) return sign * INFINITY;
  // Digits with at most one point, then perhaps an exponent.
  size_t digits = 0, at = 0, points = 0;
  for (; at < word.size() && (isdigit(uint8_t(word[at])) || (word[at] == '.' && points == 0)); at++)
    word[at] == '.' ? points++ : digits++;
  if (digits == 0) return std::nullopt;
  if (at < word.size()) {
    if (word[at] != 'e' && word[at] != 'E') return std::nullopt;
    at++;
    if (at < word.size() && (word[at] == '+' || word[at] == '-')) at++;
    if (at == word.size() || word.find_first_not_of("0123456789", at) != std::string::npos) return std::nullopt;
  }
  return sign * strtod(word.c_str(), nullptr);
}
