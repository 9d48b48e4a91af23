// Removals: operators' requests to drop or redrive messages of a queue. Part of the queue's shell;
// runs on its thread.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include <caf/typed_response_promise.hpp>

#include "actors/queue/shell/queue_messages.hpp"

namespace millrace::queues {

class Removals {
 public:
  using Promise = caf::typed_response_promise<RemoveReply>;

  /// `state` and `log` outlive this object. `origins`: see QueueActorConfig; empty: nothing can be
  /// redriven from the queue.
  Removals(State& state, const RecordLog& log, std::function<Origins()> origins)
      : state_(state), log_(log), origins_(std::move(origins)) {}

  /// Keeps the messages from being leased, and returns the record that removes them; `promise` is
  /// delivered when that record is committed. Null record: there is nothing to remove, or the
  /// request is refused, and `promise` was delivered.
  [[nodiscard]] Decision decide(const RemoveMessage& m, Promise promise, Now now);

  /// The record with this Pending::operation is durable and removed `removed` messages.
  void committed(std::uint64_t operation, int removed);

 private:
  [[nodiscard]] std::optional<Error> refusal(bool is_redrive) const;

  State& state_;
  const RecordLog& log_;
  std::function<Origins()> origins_;
  std::map<std::uint64_t, Promise> promises_;  ///< by operation, of records in flight
  std::uint64_t operation_last_ = 0;
};

}  // namespace millrace::queues
