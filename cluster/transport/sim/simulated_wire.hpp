// SimulatedWire: one direction of a simulated connection. It carries records, as a byte stream
// would: in order, and all or nothing. Pure.
#pragma once

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/time.hpp"

namespace millrace::transport {

/// What the network does in one direction between two nodes.
struct Faults {
  double drop = 0;  ///< of a record: it and all after it are lost, until the connection is given up
  double repeat = 0;  ///< of a frame: it comes twice
  DurationUs delay_min_us = 50;
  DurationUs delay_max_us = 500;
};

class SimulatedWire {
 public:
  struct Arrival {
    TimeUs at_us;
    std::string bytes;
  };

  /// Cuts what was written into records and says when each arrives.
  std::vector<Arrival> carry(std::string_view written, const Faults& faults, TimeUs now_us,
                             std::mt19937_64& random);

 private:
  std::string unsplit_;
  TimeUs last_arrival_us_ = 0;
  bool is_broken_ = false;
};

}  // namespace millrace::transport
