#include "apps/report/format.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdio>

namespace millrace::report {
namespace {

std::string two_digits(std::int64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

// Formats `value` with three digits in the smallest unit that keeps the rounded number below
// `base`. `units` is ascending; each unit is `base` times the one before.
template <std::size_t N>
std::string in_unit(double value, double base, const std::array<const char*, N>& units) {
  std::size_t unit = 0;
  while (unit + 1 < N && std::abs(value) >= base - 0.5) {
    value /= base;
    ++unit;
  }
  return three_digits(value) + units[unit];
}

}  // namespace

std::string with_commas(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, ",");
  return text;
}

std::string three_digits(double value) {
  const double size = std::abs(value);
  const int decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
  std::string text = buffer.data();
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

std::string short_count(double value) {
  return in_unit(value, 1000, std::array{"", "k", "M", "G"});
}

std::string short_duration(DurationUs duration_us, std::string_view space) {
  const auto with_unit = [&](double value, const char* unit) {
    return three_digits(value) + std::string(space) + unit;
  };
  const auto us = static_cast<double>(duration_us);
  if (us < 999.5) return with_unit(us, "us");
  if (us < 999.5e3) return with_unit(us / 1e3, "ms");
  if (us < 59.95e6) return with_unit(us / 1e6, "s");
  const std::int64_t seconds = (duration_us + 500'000) / 1'000'000;
  if (seconds < 3600) return std::to_string(seconds / 60) + "m" + two_digits(seconds % 60) + "s";
  return std::to_string(seconds / 3600) + "h" + two_digits(seconds / 60 % 60) + "m";
}

std::string short_bytes(double bytes) {
  return in_unit(bytes, 1024, std::array{" B", " KiB", " MiB", " GiB", " TiB"});
}

std::string state_text(std::string_view state) {
  std::string text(state);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char letter) {
    return letter == '_' ? ' ' : static_cast<char>(std::tolower(letter));
  });
  return text;
}

}  // namespace millrace::report
