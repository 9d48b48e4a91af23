// PendingReplies: replies to QuiesceMessage and FlushMessage that are due when work in flight ends.
// Part of the queue's shell; runs on its thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <caf/typed_response_promise.hpp>

#include "actors/queue/shell/queue_messages.hpp"

namespace millrace::queues {

class PendingReplies {
 public:
  using QuiescePromise = caf::typed_response_promise<QuiescedReply>;
  using FlushPromise = caf::typed_response_promise<FlushedReply>;

  /// `state` outlives this object.
  explicit PendingReplies(const State& state) : state_(state) {}

  // Count the records of this queue in flight. Offers of local producers do not count: they are
  // accepted while the queue is quiesced.
  void proposed(const Pending& pending) { in_flight_ += pending.is_local ? 0 : 1; }
  void committed(const Pending& pending) { in_flight_ -= pending.is_local ? 0 : 1; }

  /// Adds a reply, and delivers it at once where it is due.
  void add(const QuiesceMessage& m, QuiescePromise promise);
  void add(FlushPromise promise);

  /// Delivers the replies that are due by now.
  void deliver_due();

  /// Delivers all replies to FlushMessage: the messages have moved to another node.
  void deliver_flushed();

  /// Delivers an error with this reason in place of all replies of one kind.
  void cancel_quiesce(const std::string& reason);
  void cancel_flush(const std::string& reason);

 private:
  struct Quiesce {
    bool seals;
    QuiescePromise promise;
  };
  struct Flush {
    Sequence last;  ///< due when no message up to this is live
    FlushPromise promise;
  };

  [[nodiscard]] QuiescedReply quiesced_reply(bool is_sealed) const;
  [[nodiscard]] Sequence first_live() const;

  const State& state_;
  std::vector<Quiesce> quiesces_;
  std::vector<Flush> flushes_;
  std::uint64_t in_flight_ = 0;  ///< records of this queue, without offers of local producers
};

}  // namespace millrace::queues
