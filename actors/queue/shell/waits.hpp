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
  using Quiesced = caf::typed_response_promise<QuiescedReply>;
  using Flushed = caf::typed_response_promise<FlushedReply>;

  /// `state` outlives the waits.
  explicit Waits(const State& state) : state_(&state) {}

  /// A record of this queue is on its way, or has come back. Producers of this node go on while
  /// the queue is quiesced, and nobody waits for what they offer.
  void proposed(const Pending& pending) { unsettled_ += pending.is_local ? 0 : 1; }
  void committed(const Pending& pending) { unsettled_ -= pending.is_local ? 0 : 1; }

  void quiesce(const QuiesceMessage& m, Quiesced promise);
  void flush(Flushed promise);

  /// Answers those whose time has come.
  void answer();

  /// Nobody is answered any more, for this reason.
  void give_up_quiescing(const std::string& why);
  void give_up_flush(const std::string& why);

 private:
  struct Quiescing {
    bool seals;
    Quiesced promise;
  };
  struct Flush {
    Sequence last;
    Flushed promise;
  };

  [[nodiscard]] QuiescedReply quiesced(bool with_parts) const;
  [[nodiscard]] Sequence first_live() const;

  const State* state_;
  std::vector<Quiescing> quiescing_;
  std::vector<Flush> flushes_;
  std::uint64_t unsettled_ = 0;  ///< records of this queue, but for those of local producers
};

}  // namespace millrace::queues
