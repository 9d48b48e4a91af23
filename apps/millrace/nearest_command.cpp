#include <algorithm>
#include <numeric>
#include <vector>

#include "apps/millrace/command_line.hpp"

namespace millrace::cli {
namespace {

// Levenshtein's distance, by rows.
std::size_t distance(const std::string& a, const std::string& b) {
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

std::string nearest_command(const CLI::App& app, const std::string& word) {
  std::string nearest;
  std::size_t least = word.size() / 2 + 1;
  for (const CLI::App* command :
       app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); })) {
    const std::size_t d = distance(word, command->get_name());
    if (d < least) {
      least = d;
      nearest = command->get_name();
    }
  }
  return nearest;
}

}  // namespace millrace::cli
