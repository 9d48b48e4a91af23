// Arrival: when the orders of a load are placed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "messages/result.hpp"

namespace millrace::orders {

/// A schedule. Open ones say when each order is due, whatever became of those before; the closed
/// one keeps a number of orders under way and places the next when one is finished.
class Arrival {
 public:
  /// `steady:RATE` orders a second, `burst:RATE,SIZE,EVERY` with SIZE more orders at once at the
  /// start of each span EVERY (such as 500ms or 2s), or `closed:N` orders under way.
  /// Fails with invalid_argument, naming what was expected.
  [[nodiscard]] static Result<Arrival> parse(std::string_view text);

  [[nodiscard]] bool is_closed() const { return under_way_max_ != 0; }

  /// Orders under way at most; 0 for open schedules.
  [[nodiscard]] std::uint64_t under_way_max() const { return under_way_max_; }

  /// When order `index` is due, from the start; 0 for the closed schedule.
  [[nodiscard]] std::chrono::microseconds due(std::uint64_t index) const;

 private:
  double rate_per_s_ = 0;
  std::uint64_t burst_size_ = 0;
  std::chrono::microseconds burst_every_{0};
  std::uint64_t under_way_max_ = 0;
};

}  // namespace millrace::orders
