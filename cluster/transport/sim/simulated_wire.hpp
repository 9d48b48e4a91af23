// SimulatedWire: one direction of a simulated connection. Carries whole records in order, as a byte
// stream does: after a lost record nothing arrives. Pure.
#pragma once

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/time.hpp"

namespace millrace::transport {

/// Faults in one direction between two nodes. Probabilities are in [0, 1].
struct Faults {
  double drop = 0;    ///< of a record: it and all later ones of the connection are lost
  double repeat = 0;  ///< of a frame: it arrives twice
  DurationUs delay_min_us = 50;
  DurationUs delay_max_us = 500;
};

class SimulatedWire {
 public:
  struct Arrival {
    TimeUs at_us;
    std::string bytes;
  };

  /// Splits `written` into records and returns each with its time of arrival.
  std::vector<Arrival> carry(std::string_view written, const Faults& faults, TimeUs now_us,
                             std::mt19937_64& random);

 private:
  std::string unsplit_;
  TimeUs last_arrival_us_ = 0;
  bool is_broken_ = false;
};

}  // namespace millrace::transport
