// Sessions: which sender speaks for each producer of a queue, and what it is told. A part of the
// queue's shell.
//
// One sender at a time: two that shared a session would give the same numbers to different
// messages, and one of each pair would be dropped as a repeat.
#pragma once

#include <map>
#include <string>

#include <caf/actor_control_block.hpp>

#include "actors/queue/shell/queue_messages.hpp"

namespace millrace::queues {

class Sessions {
 public:
  /// `state` outlives the sessions.
  explicit Sessions(const State& state) : state_(&state) {}

  /// What became of an attachment. The one who attaches speaks for the producer from now on, and is
  /// answered at once, or when the decision's record is durable. Who spoke before is told that it
  /// is fenced; what was on its way for it ends as it may.
  void attached(const AttachMessage& m, const AttachDecision& decision);

  /// Whether the one who attaches may; who may not is told so.
  [[nodiscard]] bool admits(const AttachMessage& m) const;

  /// Whether `from` speaks for the producer of `offer`, and may offer now; who does not
  /// is told so.
  [[nodiscard]] bool admits(const Offer& offer, const caf::strong_actor_ptr& from) const;

  /// An offer that no commit answers: refused, or known in part. A sender that was refused gets a
  /// ResumeMessage in time.
  void answer(const Offer& offer, OfferDecision& decision);

  /// A record of this queue is durable and applied.
  void committed(const pb::Change& change);

  /// Whether the producer is an outbox.
  [[nodiscard]] bool is_forwarded(const std::string& producer) const;

  /// The queue was handed over: outboxes are told, and are attached no more.
  void end_forwarded();

  /// There is room again.
  void resume();

 private:
  struct Session {
    caf::strong_actor_ptr sender;
    bool refused = false;   ///< waits for a ResumeMessage
    bool forwards = false;  ///< of an outbox
  };

  [[nodiscard]] Error not_here(const char* what) const;
  [[nodiscard]] Error taken_over(const std::string& producer) const;

  const State* state_;
  std::map<std::string, Session> sessions_;
  std::map<std::string, caf::strong_actor_ptr> attaching_;
};

}  // namespace millrace::queues
