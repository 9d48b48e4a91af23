// Installer: turns the parts of a moving queue into records of the staged queue at the target. Each
// part is checked against the state that the parts before it made, so one part is in flight at a
// time. Part of the queue's shell; runs on its thread.
#pragma once

#include <deque>

#include "actors/queue/shell/queue_messages.hpp"

namespace millrace::queues {

class Installer {
 public:
  /// `state` outlives the installer.
  explicit Installer(const State& state) : state_(state) {}

  void add(InstallMessage m) { waiting_.push_back(std::move(m)); }

  /// No further part is proposed, and no further `done` is called but that of a part in flight.
  void abandon() { is_abandoned_ = true; }

  /// What to propose for the next part; null record: a part is in flight, or none waits. Parts that
  /// cannot be installed are dropped, and their `done` gets the error.
  [[nodiscard]] Decision next(TimeUs now_us);

  /// The record of the part in flight is durable and applied.
  void committed();

 private:
  const State& state_;
  std::deque<InstallMessage> waiting_;  ///< in order; the first is in flight if is_in_flight_
  bool is_in_flight_ = false;
  bool is_abandoned_ = false;
};

}  // namespace millrace::queues
