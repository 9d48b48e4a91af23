// Pauses: operators' requests to pause or resume a queue. Part of the queue's shell; runs on its thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include <caf/typed_response_promise.hpp>

#include "actors/queue/decide/pausing.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "actors/queue/shell/queue_messages.hpp"

namespace millrace::queues {

class Pauses {
 public:
  using Promise = caf::typed_response_promise<PauseReply>;

  /// `state` outlives this object. `at_start`: see QueueActorConfig::start_paused.
  Pauses(State& state, std::shared_ptr<const PauseCommand> at_start)
      : state_(state), at_start_(std::move(at_start)) {}

  /// The queue is served from now on, unless it is sealed: sends `self`, its actor, the pause that it
  /// begins with.
  void begin(QueueHandle::pointer self);

  /// Returns the record; `promise` is delivered when it is committed. Null record: the request is
  /// refused, and `promise` was delivered.
  [[nodiscard]] Decision decide(const PauseMessage& m, Promise promise, TimeUs now_us);

  /// The record with this Pending::pause is durable.
  void committed(std::uint64_t request);

 private:
  State& state_;
  std::map<std::uint64_t, Promise> promises_;  ///< by request, of records in flight
  std::uint64_t request_last_ = 0;
  std::shared_ptr<const PauseCommand> at_start_;  ///< null: done, or not asked for
};

}  // namespace millrace::queues
