// Waits: who waits for a queue to be at rest, or to be rid of what it holds. A part of the queue's
// shell.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <caf/typed_response_promise.hpp>

#include "actors/queue/shell/queue_messages.hpp"

namespace millrace::queues {

class Waits {
 public:
  using Frozen = caf::typed_response_promise<FrozenReply>;
  using Flushed = caf::typed_response_promise<FlushedReply>;

  /// `state` outlives the waits.
  explicit Waits(const State& state) : state_(&state) {}

  /// A record of this queue is on its way, or has come back. Producers of this node go on while
  /// the queue is frozen, and nobody waits for what they offer.
  void proposed(const Pending& pending) { unsettled_ += pending.is_local ? 0 : 1; }
  void committed(const Pending& pending) { unsettled_ -= pending.is_local ? 0 : 1; }

  void freeze(const FreezeMessage& m, Frozen promise);
  void flush(Flushed promise);

  /// Answers those whose time has come.
  void answer();

  /// Nobody is answered any more, for this reason.
  void give_up_freeze(const std::string& why);
  void give_up_flush(const std::string& why);

 private:
  struct Freeze {
    bool seals;
    Frozen promise;
  };
  struct Flush {
    Sequence last;
    Flushed promise;
  };

  [[nodiscard]] FrozenReply frozen(bool with_parts) const;
  [[nodiscard]] Sequence first_live() const;

  const State* state_;
  std::vector<Freeze> freezes_;
  std::vector<Flush> flushes_;
  std::uint64_t unsettled_ = 0;  ///< records of this queue, but for those of local producers
};

}  // namespace millrace::queues
