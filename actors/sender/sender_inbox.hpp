// SenderInbox: the bounded queue between the threads of a client and its sender actor.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "actors/sender/confirmation.hpp"
#include "messages/envelope.pb.h"
#include "messages/result.hpp"

namespace millrace::senders {

/// A message that has no number yet.
struct UnsentMessage {
  std::uint32_t shard = 0;                 ///< less than the shards of the queue
  std::unique_ptr<pb::Envelope> envelope;  ///< not null; the sender sets its id
  Confirmation confirmation;               ///< may be unset
  std::uint64_t bytes = 0;                 ///< payload and key; set by the inbox
};

/// Thread-safe for any number of client threads and one sender actor. After fail() every function
/// of the client fails with that error.
class SenderInbox {
 public:
  /// Bounds what is unconfirmed.
  struct Window {
    std::uint32_t messages = 0;        ///< 1 or more
    std::uint64_t bytes = UINT64_MAX;  ///< payloads and keys; a single message may be larger
  };

  /// `wake` is called, on the thread of a push and without a lock, when the inbox has become
  /// non-empty; it must not block.
  SenderInbox(Window window, std::function<void()> wake)
      : window_(window), wake_(std::move(wake)) {}

  /// Adds a message. Blocks while it does not fit into the window.
  [[nodiscard]] Result<void> push(UnsentMessage message);

  /// Adds a message; fails with `backlog_full` where push() would block.
  [[nodiscard]] Result<void> try_push(UnsentMessage message);

  /// Blocks until every message is durable.
  [[nodiscard]] Result<void> flush();

  /// No client adds messages any more: those that wait for room, and later ones, fail with
  /// `draining`. The sender ends when all its messages are durable.
  void close();

  /// As close(), and blocks until every message is durable, for at most `within`. Fails with
  /// `timeout`: the sender goes on with the rest; or with the error of fail() if there is a rest.
  [[nodiscard]] Result<void> close_and_wait(std::chrono::milliseconds within);

  /// Blocks until the sender is attached to all shards. Returns the last settled number of each;
  /// fails with `timeout`.
  [[nodiscard]] Result<std::vector<std::uint64_t>> wait_ready(std::chrono::microseconds timeout);

  // For the sender actor:

  /// Returns the messages that were added since the last call.
  [[nodiscard]] std::vector<UnsentMessage> take_all();
  /// Returns whether the inbox is closed and has no unconfirmed message.
  [[nodiscard]] bool is_done();
  /// `count` messages of `bytes` in all have become durable. Requires: they are unconfirmed.
  void confirm(std::uint64_t count, std::uint64_t bytes);
  /// The sender is attached; `last` holds the last settled number of each shard.
  void set_ready(std::vector<std::uint64_t> last);
  /// The sender has failed for good. Only the first call counts.
  void fail(const Error& error);

 private:
  /// Unlocks `lock`, then wakes the actor.
  Result<void> add(std::unique_lock<std::mutex>& lock, UnsentMessage message);

  [[nodiscard]] bool fits(const UnsentMessage& message) const;

  const Window window_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<UnsentMessage> inbox_;
  std::uint64_t unconfirmed_ = 0;        ///< messages, with those of inbox_
  std::uint64_t unconfirmed_bytes_ = 0;  ///< of their payloads and keys
  std::optional<std::vector<std::uint64_t>> ready_;
  std::optional<Error> error_;
  bool is_closed_ = false;
};

}  // namespace millrace::senders
