// Pending<Out>: the result of an async handler: an outcome that comes later, by its Promise<Out>. No
// thread is held while it is awaited.
//
//     Pending<Charged> operator()(const Charge& charge, const Context& context) {
//       Promise<Charged> promise;
//       gateway_.post(charge, context.call_id(), [promise](const Answer& answer) {
//         if (answer.is_busy()) return promise.set(Retry::later("busy", 1s));
//         promise.set(charged_of(answer));
//       });
//       return promise.pending();
//     }
//
// The lease of the message goes on meanwhile, and ends as that of any handler: after
// StageOptions::timeout, unless it is extended. An outcome that comes later is dropped.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "actors/stage/context.hpp"
#include "actors/stage/outcome.hpp"

namespace millrace {
namespace pipelines {

/// What all kinds of Pending share: the lease, and who waits. Thread-safe.
///
///     start() ──▶ waiting ──▶ done: `ready` is called, once
///        │           └── end(): nobody waits; an outcome that comes is dropped
///        └── done before: `ready` is called by start()
class PendingCall {
 public:
  virtual ~PendingCall() = default;
  PendingCall(const PendingCall&) = delete;
  PendingCall& operator=(const PendingCall&) = delete;

  /// For the runtime. `ready` is called once, when the outcome is there: on the thread that gives it,
  /// or by this function. It must not throw. `lease` is the one that the handler runs under.
  void start(std::shared_ptr<LeaseControl> lease, std::function<void()> ready);
  /// For the runtime: the call has ended. From here on neither `lease` nor `ready` is used.
  void end();

  [[nodiscard]] bool is_cancelled() const;
  void extend(std::chrono::microseconds by);

 protected:
  PendingCall() = default;
  /// Keeps the outcome, by `store`, if it is the first and somebody may wait for it.
  void finish(const std::function<void()>& store);

 private:
  mutable std::mutex mutex_;               ///< guards all below, and the outcome
  std::shared_ptr<LeaseControl> lease_{};  ///< null before start() and after end()
  std::function<void()> ready_{};
  bool is_done_ = false;
  bool has_ended_ = false;
};

/// The handler has failed, as if it had thrown.
struct HandlerFailure {
  std::string reason;
};

/// An outcome that is given once and taken once.
template <class Out>
class PendingState final : public PendingCall {
 public:
  using Value = std::variant<Outcome<Out>, HandlerFailure>;

  void set(Value value) {
    finish([&] { value_.emplace(std::move(value)); });
  }
  /// REQUIRES: `ready` was called. Once.
  [[nodiscard]] Value take() { return *std::move(value_); }

 private:
  std::optional<Value> value_;
};

}  // namespace pipelines

/// What an async handler returns. Converts from an outcome that is there already. Move it only into
/// the return value: each is for one handling.
template <class Out>
class [[nodiscard]] Pending {
 public:
  using Result = Out;

  Pending(Outcome<Out> outcome) : Pending(std::make_shared<pipelines::PendingState<Out>>()) {
    state_->set(std::move(outcome));
  }
  Pending(Retry retry) : Pending(Outcome<Out>(std::move(retry))) {}
  Pending(Reject reject) : Pending(Outcome<Out>(std::move(reject))) {}

  /// For the runtime.
  [[nodiscard]] const std::shared_ptr<pipelines::PendingState<Out>>& state() const {
    return state_;
  }

 private:
  template <class>
  friend class Promise;
  explicit Pending(std::shared_ptr<pipelines::PendingState<Out>> state)
      : state_(std::move(state)) {}

  std::shared_ptr<pipelines::PendingState<Out>> state_;
};

/// Gives the outcome of one handling. Out as in Outcome. Copies stand for the same handling, and may
/// be used by any thread, also after the node has stopped: what they do then has no effect. Once the
/// last copy is destroyed without an outcome, the handling has failed.
template <class Out>
class Promise {
  using State = pipelines::PendingState<Out>;

 public:
  Promise() : giver_(std::make_shared<Giver>()) {}

  /// What the handler returns. Every call gives the same handling, so only one is to be returned.
  [[nodiscard]] Pending<Out> pending() const { return Pending<Out>(giver_->state); }

  /// Done with outputs, or Retry, or Reject. Only the first of all calls of set() and fail() counts.
  /// Does not wait.
  void set(Outcome<Out> outcome) const { giver_->state->set(std::move(outcome)); }
  /// The handling has failed, as if the handler had thrown an exception with this text.
  void fail(std::string reason) const {
    giver_->state->set(pipelines::HandlerFailure{std::move(reason)});
  }

  /// Returns whether nobody waits for the outcome any more: the lease has ended, or the node stops.
  /// Then the message is redelivered.
  [[nodiscard]] bool is_cancelled() const { return giver_->state->is_cancelled(); }
  /// As Context::extend(), which is for the time before the handler returns.
  void extend(std::chrono::microseconds by) const { giver_->state->extend(by); }

 private:
  struct Giver {
    Giver() = default;
    Giver(const Giver&) = delete;
    Giver& operator=(const Giver&) = delete;
    ~Giver() {
      state->set(
          pipelines::HandlerFailure{"the handler's promise was destroyed without an outcome"});
    }
    std::shared_ptr<State> state = std::make_shared<State>();
  };
  std::shared_ptr<Giver> giver_;
};

}  // namespace millrace
