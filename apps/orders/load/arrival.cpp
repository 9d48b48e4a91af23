#include "apps/orders/load/arrival.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace millrace::orders {
namespace {

constexpr std::uint64_t rate_per_s_max = 10'000'000;
constexpr std::uint64_t count_max = 100'000'000;
constexpr std::uint64_t every_us_max = 3'600'000'000;

Error wrong(std::string_view text, std::string_view expected) {
  return {ErrorCode::invalid_argument, "arrival \"" + std::string(text) + "\": expected " +
                                           std::string(expected) +
                                           ", for example steady:5000, burst:1000,500,2s or "
                                           "closed:2000"};
}

std::optional<std::uint64_t> parse_count(std::string_view text, std::uint64_t max) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < 1 || value > max) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_span_us(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 3> units{
      {{"us", 1}, {"ms", 1'000}, {"s", 1'000'000}}};
  for (const auto& [unit, factor] : units) {
    if (!text.ends_with(unit)) continue;
    const auto count =
        parse_count(text.substr(0, text.size() - unit.size()), every_us_max / factor);
    if (!count) return std::nullopt;
    return *count * factor;
  }
  return std::nullopt;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t comma = 0; (comma = text.find(',')) != std::string_view::npos;) {
    parts.push_back(text.substr(0, comma));
    text.remove_prefix(comma + 1);
  }
  parts.push_back(text);
  return parts;
}

}  // namespace

Result<Arrival> Arrival::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const auto parts =
      split(colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1));
  Arrival arrival;
  if (kind == "closed") {
    const auto count = parts.size() == 1 ? parse_count(parts[0], count_max) : std::nullopt;
    if (!count) return wrong(text, "closed:N, orders in flight, 1 to 100000000");
    arrival.in_flight_max_ = *count;
    return arrival;
  }
  if (kind != "steady" && kind != "burst") return wrong(text, "steady:, burst: or closed:");

  const auto rate = parse_count(parts[0], rate_per_s_max);
  if (!rate) return wrong(text, std::string(kind) + ":RATE, orders a second, 1 to 10000000");
  arrival.rate_per_s_ = static_cast<double>(*rate);
  if (kind == "steady") {
    if (parts.size() != 1) return wrong(text, "nothing after steady:RATE");
    return arrival;
  }
  const auto size = parts.size() == 3 ? parse_count(parts[1], count_max) : std::nullopt;
  const auto every = parts.size() == 3 ? parse_span_us(parts[2]) : std::nullopt;
  if (!size) return wrong(text, "burst:RATE,SIZE,EVERY with SIZE 1 to 100000000");
  if (!every)
    return wrong(text, "burst:RATE,SIZE,EVERY with EVERY such as 500ms or 2s, up to 3600s");
  arrival.burst_size_ = *size;
  arrival.burst_every_ = std::chrono::microseconds(*every);
  return arrival;
}

std::chrono::microseconds Arrival::due(std::uint64_t index) const {
  if (is_closed()) return std::chrono::microseconds(0);
  const double gap_us = 1e6 / rate_per_s_;
  if (burst_size_ == 0) {
    return std::chrono::microseconds(
        static_cast<std::int64_t>(static_cast<double>(index) * gap_us));
  }
  // Each interval starts with its burst; its other orders follow evenly.
  const double every_us = static_cast<double>(burst_every_.count());
  const auto steady = static_cast<std::uint64_t>(every_us / gap_us);
  const std::uint64_t span = index / (burst_size_ + steady);
  const std::uint64_t place = index % (burst_size_ + steady);
  const double within = place < burst_size_ ? 0 : static_cast<double>(place - burst_size_) * gap_us;
  return static_cast<std::int64_t>(span) * burst_every_ +
         std::chrono::microseconds(static_cast<std::int64_t>(within));
}

}  // namespace millrace::orders
