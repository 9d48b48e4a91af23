// Sender<T>: how a program puts messages into a queue.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/clock.hpp"
#include "actors/sender/sender_inbox.hpp"
#include "actors/stage/queue_ref.hpp"
#include "actors/stage/routed.hpp"
#include "messages/hash.hpp"

namespace millrace {

/// The untyped part of a sender. Made by a runtime, which it must not outlive. Thread-safe.
class SenderLink {
 public:
  /// Payloads beyond this are refused with `too_large`.
  static constexpr std::size_t payload_bytes_max = 8u << 20;

  SenderLink(std::shared_ptr<senders::SenderInbox> inbox, std::uint32_t shards, const Clock& clock,
             std::vector<std::uint64_t> settled)
      : inbox_(std::move(inbox)), shards_(shards), clock_(&clock), settled_(std::move(settled)) {}

  [[nodiscard]] Result<void> send(std::string key, std::string payload, MessageOptions options,
                                  senders::Confirmation confirmation, bool wait);
  /// As send(), to a shard that shard_for() gave.
  [[nodiscard]] Result<void> send_to(std::uint32_t shard, std::string key, std::string payload,
                                     MessageOptions options, senders::Confirmation confirmation,
                                     bool wait);
  [[nodiscard]] Result<void> flush() { return inbox_->flush(); }

  [[nodiscard]] std::uint32_t shards() const { return shards_; }
  [[nodiscard]] const std::vector<std::uint64_t>& settled() const { return settled_; }

  /// The shard for a message; of one without any key, a next one with each call.
  [[nodiscard]] std::uint32_t shard_for(const std::string& key, const MessageOptions& options);

 private:
  std::shared_ptr<senders::SenderInbox> inbox_;
  std::uint32_t shards_;
  const Clock* clock_;
  std::vector<std::uint64_t> settled_;
  std::atomic<std::uint32_t> keyless_ = 0;  ///< spreads messages without key over the shards
};

/// Puts messages of type T into one queue. A message is kept and offered again until it is durable
/// there, exactly once. Messages with one key arrive in the order of the calls. Thread-safe; cheap
/// to copy.
template <Message T>
class Sender {
 public:
  Sender(std::shared_ptr<SenderLink> link, QueueRef<T> target)
      : link_(std::move(link)), target_(std::move(target)) {}

  /// Hands `message` over; waits while the sender's window is full. `confirmation` is called when
  /// the message is durable in its queue, or when the sender has failed and nobody can know. Fails
  /// with `invalid_argument`, `too_large`, or as the sender has failed: `fenced`,
  /// `unknown_producer`, `draining`.
  [[nodiscard]] Result<void> send(const T& message, MessageOptions options = {},
                                  senders::Confirmation confirmation = {}) {
    std::string key = target_.key_of(message);
    std::string payload = message.SerializeAsString();
    return link_->send(std::move(key), std::move(payload), std::move(options),
                       std::move(confirmation), true);
  }

  /// As send, but fails with `backlog_full` where send would wait.
  [[nodiscard]] Result<void> try_send(const T& message, MessageOptions options = {},
                                      senders::Confirmation confirmation = {}) {
    std::string key = target_.key_of(message);
    std::string payload = message.SerializeAsString();
    return link_->send(std::move(key), std::move(payload), std::move(options),
                       std::move(confirmation), false);
  }

  /// Waits until all that was sent is durable.
  [[nodiscard]] Result<void> flush() { return link_->flush(); }

  /// For each shard, how many messages of this producer were durable when the sender was made. A
  /// producer that makes the same messages in the same order again can go on behind them.
  [[nodiscard]] const std::vector<std::uint64_t>& settled() const { return link_->settled(); }

  /// The shard that `message` goes to; of one with a key.
  [[nodiscard]] std::uint32_t shard_of(const T& message) const {
    return millrace::shard_of(target_.key_of(message), link_->shards());
  }

 private:
  std::shared_ptr<SenderLink> link_;
  QueueRef<T> target_;
};

}  // namespace millrace
