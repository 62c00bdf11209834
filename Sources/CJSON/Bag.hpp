#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "CJSON.h"

namespace cjson {

// The rows that the entries of a map or the tokens of a text pick, each once, with the sum of their weights. Keeps its
// room, which grows with the largest record, up to `most` different keys.
class Bag {
 public:
  explicit Bag(uint32_t most) : most_(most), slots_(64, 0) {
    rows_.reserve(32), sums_.reserve(32), weights_.reserve(32);
  }

  void clear() {
    for (uint32_t slot : taken_) slots_[slot] = 0;
    rows_.clear(), sums_.clear(), taken_.clear(), keys_.clear();
    if (seenCount_ > 0) std::fill(seen_.begin(), seen_.end(), 0), seenCount_ = 0;
  }

  // False: it is a new key, and there are as many already as there may be.
  bool add(uint32_t row, uint64_t key, double weight) {
    if (!admit(key)) return false;
    size_t slot = find(row);
    if (slots_[slot] != 0) return sums_[slots_[slot] - 1] += weight, true;
    rows_.push_back(row), sums_.push_back(weight);
    take(slot);
    if (2 * rows_.size() > slots_.size()) grow();
    return true;
  }

  // What the sums weigh once they are divided by their norm. False: one of them is no float.
  bool finish(int32_t norm) {
    double whole = 0;
    for (double sum : sums_) {
      double part = norm == CJSON_NORM_L2 ? sum * sum : std::fabs(sum);
      whole += part;
    }
    double divisor = norm == CJSON_NORM_NONE || whole == 0 ? 1 : norm == CJSON_NORM_L2 ? std::sqrt(whole) : whole;
    weights_.resize(sums_.size());
    for (size_t i = 0; i < sums_.size(); i++) {
      weights_[i] = float(sums_[i] / divisor);
      if (!std::isfinite(weights_[i])) return false;
    }
    return true;
  }

  size_t count() const { return rows_.size(); }
  const uint32_t *rows() const { return rows_.data(); }
  const float *weights() const { return weights_.data(); }

 private:
  // The slot of a row, or the free one where it belongs. Open addressing; at most half full.
  size_t find(uint32_t row) const {
    size_t mask = slots_.size() - 1;
    for (size_t slot = (row * 0x9E3779B97F4A7C15) >> 32 & mask;; slot = (slot + 1) & mask)
      if (slots_[slot] == 0 || rows_[slots_[slot] - 1] == row) return slot;
  }

  // Whether the key may come; keys are known by their hash. Few records have as many entries as they may have keys: until
  // then nobody looks whether one has come before.
  bool admit(uint64_t key) {
    if (keys_.size() < most_) return keys_.push_back(key), true;
    if (seenCount_ == 0)
      for (uint64_t known : keys_) see(known);
    return see(key);
  }

  // Whether the key is one of those seen, among which it is taken up while there is room. At most half full.
  bool see(uint64_t key) {
    if (key == 0) key = 1;
    if (seen_.empty()) {
      size_t slots = 4;
      while (slots < 2 * size_t(most_)) slots *= 2;
      seen_.resize(slots);
    }
    size_t slot = key & (seen_.size() - 1);
    while (seen_[slot] != 0 && seen_[slot] != key) slot = (slot + 1) & (seen_.size() - 1);
    if (seen_[slot] == key) return true;
    if (seenCount_ == most_) return false;
    seen_[slot] = key, seenCount_++;
    return true;
  }

  // Gives a slot to the row that has come last.
  void take(size_t slot) {
    slots_[slot] = uint32_t(rows_.size());
    taken_.push_back(uint32_t(slot));
  }

  void grow() {
    std::vector<uint32_t> rows(rows_);
    rows_.clear();
    slots_.assign(2 * slots_.size(), 0);
    taken_.clear();
    for (uint32_t row : rows) {
      size_t slot = find(row);
      rows_.push_back(row);
      take(slot);
    }
  }

  uint32_t most_;
  std::vector<uint32_t> slots_;  // one more than the place of a row; 0: free
  std::vector<uint32_t> taken_;  // slots in use
  std::vector<uint32_t> rows_;   // in the order in which they came
  std::vector<uint64_t> keys_;   // the first `most` that came, some of them again
  std::vector<uint64_t> seen_;   // all, once there are so many; 0: free
  uint32_t seenCount_ = 0;
  std::vector<double> sums_;
  std::vector<float> weights_;
};

}  // namespace cjson
