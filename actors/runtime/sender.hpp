// Sender<T>: puts messages of a program into a queue.
//
//     auto sender = runtime.sender(placed, {.producer = "shop"});
//     sender->send(order, {}, [](const Result<void>& durable) { ... });   // or:
//     std::future<Result<void>> durable = sender->send_future(order);
//     sender->close(30s);                                                 // all of them are durable
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/sender/confirmation.hpp"
#include "actors/stage/queue_ref.hpp"
#include "actors/stage/routed.hpp"
#include "messages/hash.hpp"
#include "messages/result.hpp"

namespace millrace {

class Clock;

namespace pb {
class Envelope;
}  // namespace pb

namespace senders {
class SenderInbox;
}  // namespace senders

/// The untyped part of a sender, from Runtime::sender_link(); must not outlive the runtime.
/// Thread-safe; several threads may send at once.
class SenderLink {
 public:
  SenderLink(std::shared_ptr<senders::SenderInbox> inbox, std::uint32_t shards, const Clock& clock,
             std::vector<std::uint64_t> settled)
      : inbox_(std::move(inbox)), shards_(shards), clock_(&clock), settled_(std::move(settled)) {}
  /// Does not wait: the sender offers its messages until they are durable, and then ends.
  ~SenderLink();
  SenderLink(const SenderLink&) = delete;
  SenderLink& operator=(const SenderLink&) = delete;

  /// As Sender::send() (`wait`) or Sender::try_send() (not `wait`), to the shard of shard_for().
  [[nodiscard]] Result<void> send(std::string key, std::string payload, MessageOptions options,
                                  senders::Confirmation confirmation, bool wait);
  /// As send(). REQUIRES: shard_for() returned `shard` for this key and these options.
  [[nodiscard]] Result<void> send_to(std::uint32_t shard, std::string key, std::string payload,
                                     MessageOptions options, senders::Confirmation confirmation,
                                     bool wait);
  /// As send() (not `wait`), of a request: its reply gets the key `reply_to`.
  [[nodiscard]] Result<void> request(std::string key, std::string payload, MessageOptions options,
                                     std::string reply_to, senders::Confirmation confirmation);
  /// See Sender::send_future().
  [[nodiscard]] std::future<Result<void>> send_future(std::string key, std::string payload,
                                                      MessageOptions options);
  /// See Sender::close().
  [[nodiscard]] Result<void> close(std::chrono::milliseconds within);
  /// See Sender::flush().
  [[nodiscard]] Result<void> flush();

  /// Shards of the queue.
  [[nodiscard]] std::uint32_t shards() const { return shards_; }
  /// See Sender::settled(); valid as long as the link.
  [[nodiscard]] const std::vector<std::uint64_t>& settled() const { return settled_; }

  /// The shard for a message: by its key, else by its idempotency key, so that the same shard sees
  /// a duplicate; without either, the next shard with each call.
  [[nodiscard]] std::uint32_t shard_for(const std::string& key, const MessageOptions& options);

 private:
  std::shared_ptr<senders::SenderInbox> inbox_;
  std::uint32_t shards_;
  const Clock* clock_;
  std::vector<std::uint64_t> settled_;
  std::atomic<std::uint32_t> keyless_ = 0;  ///< messages without any key so far
};

/// Puts messages of type T into one queue. The sender keeps a message in memory and offers it again
/// until it is durable, which happens once. Messages of one key are appended in the order of the
/// calls. Thread-safe; copies share one window and one producer. Must not outlive the runtime.
///
/// When its last copy is destroyed, the sender closes without waiting: it offers what it has taken
/// until that is durable, and ends. Runtime::stop() cuts this short: what is not durable by then is
/// confirmed with `draining`. A program that stops the runtime next calls close() before.
template <Message T>
class Sender {
 public:
  Sender(std::shared_ptr<SenderLink> link, QueueRef<T> target)
      : link_(std::move(link)), target_(std::move(target)) {}

  /// Takes `message` into the window; blocks while the window is full. Success means only that: the
  /// message is durable when `confirmation` reports it.
  ///
  /// `confirmation` is called exactly once, on a thread of the runtime: with success when the
  /// message is durable, or with the sender's failure (`draining` at stop()), after which the
  /// message may or may not be durable. It must neither block nor call send(): the window may be
  /// full. What it throws is logged and has no further effect.
  /// If send() itself fails, `confirmation` is not called.
  ///
  /// Fails with `invalid_argument` (an option outside its range), `too_large` (a part of the message
  /// is above its bound in messages/bounds.hpp), or, for good, with the failure of the sender:
  /// `fenced` (a sender of a higher epoch has attached), `unknown_producer` (a queue has forgotten the
  /// producer), `draining` (the runtime stops).
  [[nodiscard]] Result<void> send(const T& message, MessageOptions options = {},
                                  senders::Confirmation confirmation = {}) {
    std::string key = target_.key_of(message);
    std::string payload = wire::serialize(message);
    return link_->send(std::move(key), std::move(payload), std::move(options),
                       std::move(confirmation), true);
  }

  /// As send(), but fails with `backlog_full` instead of blocking. May be called by a confirmation.
  [[nodiscard]] Result<void> try_send(const T& message, MessageOptions options = {},
                                      senders::Confirmation confirmation = {}) {
    std::string key = target_.key_of(message);
    std::string payload = wire::serialize(message);
    return link_->send(std::move(key), std::move(payload), std::move(options),
                       std::move(confirmation), false);
  }

  /// As send(); the future becomes ready with what send() would have returned as a failure, else
  /// with what `confirmation` would have got. It keeps nothing alive, and does not block when it is
  /// destroyed. Waiting for it in a callback of the runtime or in a handler may wait for ever.
  [[nodiscard]] std::future<Result<void>> send_future(const T& message,
                                                      MessageOptions options = {}) {
    std::string key = target_.key_of(message);
    return link_->send_future(std::move(key), wire::serialize(message), std::move(options));
  }

  /// Closes the sender and all its copies: what they send from now on, and calls of send() that
  /// still wait for room, fail with `draining`. Then blocks until every message that was taken is
  /// durable and its confirmation has been called, for at most `within`; not to be called by a
  /// confirmation or a handler. Fails with `timeout` if some are not: the sender goes on offering
  /// them in the background, and none is dropped while the runtime runs; or with the failure of the
  /// sender, as send(), if there is one and not everything is durable. May be called again.
  [[nodiscard]] Result<void> close(std::chrono::milliseconds within) {
    return link_->close(within);
  }

  /// Blocks until the sender holds no message that is not durable; without limit if others keep
  /// sending. Fails with the failure of the sender, as send().
  [[nodiscard]] Result<void> flush() { return link_->flush(); }

  /// By shard: the messages of this producer that were durable when the sender attached. A
  /// program that produces the same messages in the same order after a restart skips that many.
  [[nodiscard]] const std::vector<std::uint64_t>& settled() const { return link_->settled(); }

  /// The shard of `message`. REQUIRES: its key is not empty.
  [[nodiscard]] std::uint32_t shard_of(const T& message) const {
    return millrace::shard_of(target_.key_of(message), link_->shards());
  }

 private:
  std::shared_ptr<SenderLink> link_;
  QueueRef<T> target_;
};

}  // namespace millrace
