#include "cluster/config/read/units.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace millrace::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// Largest first.
constexpr std::array<Unit, 6> durations{{{"d", 86'400'000'000},
                                         {"h", 3'600'000'000},
                                         {"m", 60'000'000},
                                         {"s", 1'000'000},
                                         {"ms", 1'000},
                                         {"us", 1}}};
constexpr std::array<Unit, 5> sizes{{{"TiB", std::int64_t{1} << 40},
                                     {"GiB", std::int64_t{1} << 30},
                                     {"MiB", std::int64_t{1} << 20},
                                     {"KiB", std::int64_t{1} << 10},
                                     {"B", 1}}};

std::optional<std::int64_t> parse(std::string_view text, std::span<const Unit> units) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || number < 0 || text.front() == '-') return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& each : units) {
    if (each.name != unit) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / each.factor) return std::nullopt;
    return number * each.factor;
  }
  return std::nullopt;
}

std::string format(std::int64_t number, std::span<const Unit> units) {
  for (const Unit& each : units) {
    if (number != 0 && number % each.factor == 0) {
      return std::to_string(number / each.factor) + std::string(each.name);
    }
  }
  return std::to_string(number) + std::string(units.back().name);
}

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) {
  return parse(text, durations);
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  return parse(text, sizes);
}

std::string format_duration(std::int64_t us) {
  return format(us, durations);
}

std::string format_size(std::int64_t bytes) {
  return format(bytes, sizes);
}

}  // namespace millrace::config
