// Removals: what operators ask of the messages of a queue, and who waits for it. A part of the
// queue's shell.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include <caf/typed_response_promise.hpp>

#include "actors/queue/shell/queue_messages.hpp"

namespace millrace::queues {

/// What is looked at before it is removed, or copied: see PageMessage.
[[nodiscard]] PageReply page_of(const State& state, const PageMessage& m);

class Removals {
 public:
  using Promise = caf::typed_response_promise<RemoveReply>;

  /// All of it outlives the removals.
  Removals(State& state, const RecordLog& log, std::function<Origins()> origins)
      : state_(&state), log_(&log), origins_(std::move(origins)) {}

  /// Holds what is to be removed, and decides. `promise` is kept at once where there is nothing to
  /// log, else when the record is durable.
  [[nodiscard]] Decision decide(const RemoveMessage& m, Promise promise, TimeUs now_us);

  /// The record of an operation is durable.
  void committed(std::uint64_t operation, int removed);

 private:
  [[nodiscard]] std::optional<Error> refusal(bool redrive) const;

  State* state_;
  const RecordLog* log_;
  std::function<Origins()> origins_;  ///< empty: not a dead letter queue
  std::map<std::uint64_t, Promise> waiting_;
  std::uint64_t operations_ = 0;
};

}  // namespace millrace::queues
