// SenderInbox: the hand-over from a client's threads to its sender actor, bounded by the window.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "messages/envelope.pb.h"
#include "messages/result.hpp"

namespace millrace::senders {

/// Called once for each message, on the sender actor's thread, when it is durable or when the
/// sender has failed. Must not block.
using Confirmation = std::function<void(const Result<void>&)>;

struct UnsentMessage {
  std::uint32_t shard = 0;
  std::unique_ptr<pb::Envelope> envelope;
  Confirmation confirmation;
};

/// Safe for any number of client threads and one actor.
class SenderInbox {
 public:
  /// `wake` tells the actor that the inbox is no longer empty.
  SenderInbox(std::uint32_t window, std::function<void()> wake)
      : window_(window), wake_(std::move(wake)) {}

  /// Waits until fewer than `window` messages are unconfirmed, then hands `message` over. Fails as
  /// the sender has failed.
  [[nodiscard]] Result<void> push(UnsentMessage message);

  /// As push, but fails with `backlog_full` where push would wait.
  [[nodiscard]] Result<void> try_push(UnsentMessage message);

  /// Waits until all that was pushed is durable. Fails as the sender has failed.
  [[nodiscard]] Result<void> flush();

  /// Waits until the sender is attached to all shards, and returns the last settled number of each.
  [[nodiscard]] Result<std::vector<std::uint64_t>> wait_ready(std::chrono::microseconds timeout);

  // For the actor.
  [[nodiscard]] std::vector<UnsentMessage> take();
  void confirmed(std::uint64_t count);
  void ready(std::vector<std::uint64_t> last);
  void failed(const Error& error);

 private:
  Result<void> add(std::unique_lock<std::mutex>& lock, UnsentMessage message);

  const std::uint32_t window_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<UnsentMessage> inbox_;
  std::uint64_t unconfirmed_ = 0;
  std::optional<std::vector<std::uint64_t>> ready_;
  std::optional<Error> error_;
};

}  // namespace millrace::senders
