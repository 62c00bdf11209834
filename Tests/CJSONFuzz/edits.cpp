#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "harness.hpp"

// Every small edit of every seed: cut off anywhere, one byte less anywhere, one piece more anywhere, and a piece in place of
// each key with its colon. The same each time.

int main(int count, char **files) {
  announce();
  const std::vector<std::string> pieces = {"\"", "\\", ",", ":", " ", "0", "-", "{", "}", "[", "]", "null", std::string(1, 0), "\xFF"};
  size_t tried = 0;
  // In a block of its own, so that nothing behind it may be read.
  auto test = [&tried](const std::string &record) {
    std::vector<uint8_t> bytes(record.begin(), record.end());
    check(bytes.data(), bytes.size());
    tried++;
  };
  for (int i = 1; i < count; i++) {
    std::ifstream file(files[i], std::ios::binary);
    std::string seed((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (seed.empty()) return fprintf(stderr, "%s: no seed\n", files[i]), 70;
    test(seed);
    for (size_t at = 0; at <= seed.size(); at++) {
      test(seed.substr(0, at));
      if (at < seed.size()) test(std::string(seed).erase(at, 1));
      for (const std::string &piece : pieces) test(std::string(seed).insert(at, piece));
      size_t colon = seed.find(':', at);
      if (seed[at] != '"' || colon == std::string::npos) continue;
      for (const std::string &piece : pieces) test(std::string(seed).replace(at, colon + 1 - at, piece));
    }
  }
  printf("%zu edits of %d seeds: every way of reading agrees with the plain one\n", tried, count - 1);
  return tried == 0;
}
