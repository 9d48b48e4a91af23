// Installs: the parts of a copy in the making, each a record of the queue that it becomes. One at a
// time is on its way into the log, as each is checked against what the ones before it made. A part
// of the queue's shell.
#pragma once

#include <deque>

#include "actors/queue/shell/queue_messages.hpp"

namespace millrace::queues {

class Installs {
 public:
  /// `state` outlives the installs.
  explicit Installs(const State& state) : state_(&state) {}

  void add(InstallMessage m) { waiting_.push_back(std::move(m)); }

  /// Nothing more is proposed, and nobody is told of what waits.
  void abandon() { is_abandoned_ = true; }

  /// What to propose for the next part, if it is its turn. Parts that cannot be installed are told
  /// so, and are left out.
  [[nodiscard]] Decision next(TimeUs now_us);

  /// The record of a part is durable and applied.
  void committed();

 private:
  const State* state_;
  std::deque<InstallMessage> waiting_;  ///< the first is on its way, if one is
  bool is_under_way_ = false;
  bool is_abandoned_ = false;
};

}  // namespace millrace::queues
