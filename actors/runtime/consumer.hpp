// Consumer<T>: reads a queue with the program's own threads, one message at a time, where a handler
// of a stage does not fit: a loop of its own, a script, a queue at the end of a pipeline.
//
//     pipeline("billing").from(shipped).then_external("bill")    // says that the queue is read
//
//     auto consumer = runtime.consumer(shipped);
//     while (is_running) {
//       auto next = consumer->next(1s);
//       if (!next) return next.error();
//       if (!*next) continue;                                   // nothing was ready in that second
//       bill((**next).message());
//       (**next).ack();
//     }
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "actors/stage/outcome.hpp"
#include "actors/stage/queue_ref.hpp"
#include "actors/stage/stage.hpp"
#include "messages/envelope.pb.h"
#include "messages/hash.hpp"
#include "messages/result.hpp"

namespace millrace {

class Clock;

namespace receivers {
class ExternalStages;
}  // namespace receivers

/// A message under a lease, before its type is known.
struct LeasedMessage {
  std::string lease;  ///< names the lease at this node
  std::shared_ptr<const pb::Envelope> envelope;
  std::uint64_t sequence = 0;
  std::uint32_t failed = 0;
};

/// The untyped part of a consumer, from Runtime::consumer(); must not outlive the runtime.
/// Thread-safe. Functions as those of Consumer and Delivery.
class ConsumerLink {
 public:
  /// Of the stage that reads `queue`. `clock` outlives the object. Fails as Runtime::consumer().
  [[nodiscard]] static Result<std::shared_ptr<const ConsumerLink>> open(
      std::shared_ptr<const receivers::ExternalStages> stages, const std::string& queue,
      const std::string& type, const Clock& clock);
  /// `stage` is an index into `stages`.
  ConsumerLink(std::shared_ptr<const receivers::ExternalStages> stages, std::size_t stage,
               const Clock& clock)
      : stages_(std::move(stages)), stage_(stage), clock_(&clock) {}

  [[nodiscard]] Result<std::optional<LeasedMessage>> next(std::chrono::milliseconds within) const;
  /// Says what became of the message. `result` has no outputs.
  [[nodiscard]] Result<void> complete(const std::string& lease, StageResult result) const;
  [[nodiscard]] Result<void> extend(const std::string& lease, std::chrono::microseconds by) const;
  void release(const std::string& lease) const;
  /// As Context::call_id().
  [[nodiscard]] std::string call_id(const pb::Envelope& envelope, std::uint32_t index) const;

 private:
  std::shared_ptr<const receivers::ExternalStages> stages_;
  std::size_t stage_;
  const Clock* clock_;
};

/// A message that a consumer has got. One thread. If it is destroyed before one of ack(), retry(),
/// reject() and release() was called, it is released. Must not outlive the runtime.
template <Message T>
class [[nodiscard]] Delivery {
 public:
  Delivery(std::shared_ptr<const ConsumerLink> link, LeasedMessage leased, T message)
      : link_(std::move(link)), leased_(std::move(leased)), message_(std::move(message)) {}
  ~Delivery() { release(); }
  Delivery(Delivery&& other) noexcept
      : link_(std::exchange(other.link_, nullptr)),
        leased_(std::move(other.leased_)),
        message_(std::move(other.message_)) {}
  Delivery& operator=(Delivery&& other) noexcept {
    release();
    link_ = std::exchange(other.link_, nullptr);
    leased_ = std::move(other.leased_);
    message_ = std::move(other.message_);
    return *this;
  }

  [[nodiscard]] const T& message() const { return message_; }
  [[nodiscard]] const std::string& key() const { return leased_.envelope->key(); }
  [[nodiscard]] MessageId id() const {
    return {leased_.envelope->id_high(), leased_.envelope->id_low()};
  }
  /// Position in the queue of its shard, from 1.
  [[nodiscard]] std::uint64_t sequence() const { return leased_.sequence; }
  /// Failures before this delivery.
  [[nodiscard]] std::uint32_t failed() const { return leased_.failed; }
  /// As Context::call_id(). REQUIRES: not settled.
  [[nodiscard]] std::string call_id(std::uint32_t index = 0) const {
    return link_->call_id(*leased_.envelope, index);
  }

  // Each of the next three settles the message, once, and blocks until that is durable; for at most
  // 10 s. Fails with `lease_expired` (the lease has ended, or the node has given the shard away: the
  // message is delivered again), `timeout` (whether it is durable is unknown), or, for a second call,
  // `invalid_argument`. Not to be called by a callback of the runtime.

  /// The message is done, and leaves the queue.
  [[nodiscard]] Result<void> ack() {
    StageResult done;
    done.kind = StageResult::Kind::acked;
    return settle(std::move(done));
  }
  /// As a handler that returns it. A negative delay is none.
  [[nodiscard]] Result<void> retry(Retry retry) {
    StageResult again;
    again.kind = retry.counts ? StageResult::Kind::retry : StageResult::Kind::postponed;
    again.reason = std::move(retry.reason);
    if (retry.delay) again.delay = std::max(*retry.delay, std::chrono::microseconds(0));
    return settle(std::move(again));
  }
  [[nodiscard]] Result<void> reject(Reject reject) {
    StageResult given_up;
    given_up.kind = StageResult::Kind::rejected;
    given_up.reason = std::move(reject.reason);
    return settle(std::move(given_up));
  }

  /// Lets the lease last for at least `by` from now. Blocks, for at most 10 s. Fails as ack().
  [[nodiscard]] Result<void> extend(std::chrono::microseconds by) {
    if (link_ == nullptr) return is_settled();
    return link_->extend(leased_.lease, by);
  }

  /// The message was not handled: it is ready for others at once, and has not failed. Does not wait.
  void release() {
    if (link_ != nullptr) std::exchange(link_, nullptr)->release(leased_.lease);
  }

 private:
  static Error is_settled() {
    return {ErrorCode::invalid_argument, "the message was acked, retried, rejected or released"};
  }
  Result<void> settle(StageResult result) {
    if (link_ == nullptr) return is_settled();
    return std::exchange(link_, nullptr)->complete(leased_.lease, std::move(result));
  }

  std::shared_ptr<const ConsumerLink> link_;  ///< null: settled
  LeasedMessage leased_;
  T message_;
};

/// Reads one queue, in the shards that this node serves. Messages of a key come in order, one at a
/// time: the next one comes when the one before is settled. Thread-safe: several threads may wait at
/// once, and each gets another message. Copies are equal. Must not outlive the runtime.
template <Message T>
class Consumer {
 public:
  explicit Consumer(std::shared_ptr<const ConsumerLink> link) : link_(std::move(link)) {}

  /// The next message, under a lease of the stage's `timeout`. Blocks until one is ready, for at most
  /// `within`; nullopt: none was. Nothing is leased to a consumer that does not wait. A message that
  /// is no T becomes a dead letter, and the next one is waited for. Fails with `draining`: the node
  /// stops. Not to be called by a handler or a callback of the runtime.
  [[nodiscard]] Result<std::optional<Delivery<T>>> next(std::chrono::milliseconds within) {
    while (true) {
      auto leased = link_->next(within);
      if (!leased) return leased.error();
      if (!*leased) return std::optional<Delivery<T>>();
      T message;
      std::string why;
      if (wire::parse((*leased)->envelope->payload(), message, why)) {
        return std::optional<Delivery<T>>(
            Delivery<T>(link_, *std::move(*leased), std::move(message)));
      }
      StageResult unreadable;
      unreadable.kind = StageResult::Kind::rejected;
      unreadable.reason = "the payload is " + why;
      if (auto rejected = link_->complete((*leased)->lease, std::move(unreadable)); !rejected) {
        return rejected.error();
      }
    }
  }

 private:
  std::shared_ptr<const ConsumerLink> link_;
};

}  // namespace millrace
