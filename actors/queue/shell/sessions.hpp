// Sessions: the sender that is attached for each producer of a queue, and the replies to it. Part
// of the queue's shell; runs on its thread.
//
// A producer has one attached sender. Two senders would give one number to two messages, and one of
// the two would be dropped as a duplicate.
#pragma once

#include <map>
#include <set>
#include <string>

#include <caf/actor_control_block.hpp>

#include "actors/queue/shell/queue_messages.hpp"

namespace millrace::queues {

class Sessions {
 public:
  /// `state` outlives the sessions.
  explicit Sessions(const State& state) : state_(state) {}

  /// Returns whether the attach may be decided; otherwise replies with `not_owner`.
  [[nodiscard]] bool admits(const AttachMessage& m) const;

  /// Takes the result of an admitted attach. Unless it is refused, the sender replaces the attached
  /// one, which gets `fenced`. The reply follows at once, or when the decision's record is
  /// committed.
  void attached(const AttachMessage& m, const AttachDecision& decision);

  /// Returns whether `from` is attached for the producer of `offer` and may offer now; otherwise
  /// replies with `unknown_producer`, `fenced` or `not_owner`.
  [[nodiscard]] bool admits(const Offer& offer, const caf::strong_actor_ptr& from) const;

  /// Replies to an admitted offer that was refused or had duplicates. A sender that was refused
  /// gets a ResumeMessage from the next resume().
  void reply(const Offer& offer, OfferDecision& decision);

  /// Replies to the attaches and offers of a record of this queue, which is durable and applied.
  void committed(const pb::Change& change);

  /// Returns whether the attached sender forwards an outbox.
  [[nodiscard]] bool is_forwarded(const std::string& producer) const;

  /// Ends the sessions that forward an outbox; their senders get `not_owner`.
  void end_forwarded();

  /// Sends a ResumeMessage to each sender that was refused.
  void resume();

 private:
  struct Session {
    caf::strong_actor_ptr sender;
    bool refused = false;   ///< gets a ResumeMessage
    bool forwards = false;  ///< an outbox
  };

  [[nodiscard]] Error not_owner(const char* reason) const;
  [[nodiscard]] Error taken_over(const std::string& producer) const;

  const State& state_;
  std::map<std::string, Session> sessions_;  ///< by producer
  std::set<std::string> refused_;  ///< producers of sessions with `refused`, and of ended ones
  std::map<std::string, caf::strong_actor_ptr> attaching_;  ///< by producer; record in flight
};

}  // namespace millrace::queues
