#include "actors/base/names.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace millrace {
namespace {

// Longer words are nobody's slip of the finger, and the distance takes time in their square.
constexpr std::size_t length_max = 100;

// Levenshtein's distance, by rows.
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

std::string nearest_word(std::string_view word, std::span<const std::string> known) {
  std::string nearest;
  if (word.size() > length_max) return nearest;
  std::size_t least = word.size() / 2 + 1;
  for (const std::string& each : known) {
    const std::size_t d = distance(word, each);
    if (d < least) {
      least = d;
      nearest = each;
    }
  }
  return nearest;
}

}  // namespace millrace
