// Arrival: the schedule on which the orders of a load are placed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "messages/result.hpp"

namespace millrace::orders {

/// An open schedule gives the due time of each order, independent of the progress of others. A
/// closed schedule keeps a number of orders in flight and places the next one when one is finished.
class Arrival {
 public:
  /// `steady:RATE` orders a second, `burst:RATE,SIZE,EVERY` with SIZE more orders at once at the
  /// start of each span EVERY (such as 500ms or 2s), or `closed:N` orders in flight.
  /// Fails with invalid_argument, naming what was expected.
  [[nodiscard]] static Result<Arrival> parse(std::string_view text);

  [[nodiscard]] bool is_closed() const { return in_flight_max_ != 0; }

  /// Maximum orders in flight; 0 for open schedules.
  [[nodiscard]] std::uint64_t in_flight_max() const { return in_flight_max_; }

  /// Due time of order `index` relative to the start; 0 for the closed schedule.
  [[nodiscard]] std::chrono::microseconds due(std::uint64_t index) const;

 private:
  double rate_per_s_ = 0;
  std::uint64_t burst_size_ = 0;
  std::chrono::microseconds burst_every_{0};
  std::uint64_t in_flight_max_ = 0;
};

}  // namespace millrace::orders
