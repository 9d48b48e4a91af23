#include "actors/base/names.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

namespace millrace {
namespace {

// A longer word is no typing error, and the distance takes time in the square of the length.
constexpr std::size_t word_bytes_max = 100;

// Levenshtein distance (insert, delete, replace: 1 each). `row` holds one row of the matrix.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string random_name() {
  std::random_device random;
  std::string name;
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t bits = random();
    for (unsigned shift = 0; shift < 32; shift += 4) name += "0123456789abcdef"[bits >> shift & 15];
  }
  return name;
}

std::string nearest_word(std::string_view word, std::span<const std::string> candidates) {
  std::string nearest;
  if (word.size() > word_bytes_max) return nearest;
  std::size_t least = word.size() / 2 + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t d = distance(word, candidate);
    if (d < least) {
      least = d;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace millrace
