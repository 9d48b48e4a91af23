// AsyncStage: a user's async handler with its types erased. The runtime begins a call for each
// message, and gets the result when the call is ready. AsyncHandlerStage, which pipeline() makes,
// implements it.
#pragma once

#include <functional>
#include <memory>

#include "actors/stage/stage.hpp"

namespace millrace {

/// A call of an async handler that has returned.
class AsyncCall {
 public:
  virtual ~AsyncCall() = default;
  /// As PendingCall::start(). Once.
  virtual void start(std::shared_ptr<LeaseControl> lease, std::function<void()> ready) = 0;
  /// As PendingCall::end().
  virtual void end() = 0;
  /// Writes the result of the message `input`, with which the call began. Does not throw. REQUIRES:
  /// `ready` was called, and the stage still exists. Once.
  virtual void finish(const StageInput& input, StageResult& result) = 0;
};

/// A handler of one worker. Called by one thread at a time.
class AsyncStage {
 public:
  virtual ~AsyncStage() = default;
  /// Calls the handler. Returns null if there is nothing to wait for, because the message cannot be
  /// parsed or the handler threw: then `result` is set. Does not throw.
  [[nodiscard]] virtual std::unique_ptr<AsyncCall> begin(const StageInput& input,
                                                         StageResult& result) = 0;
};

}  // namespace millrace
