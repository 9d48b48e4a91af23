#include "actors/runtime/sender.hpp"

#include "actors/base/clock.hpp"
#include "actors/runtime/new_envelope.hpp"
#include "actors/sender/sender_inbox.hpp"

namespace millrace {

SenderLink::~SenderLink() {
  inbox_->close();
}

Result<void> SenderLink::flush() {
  return inbox_->flush();
}

Result<void> SenderLink::send(std::string key, std::string payload, MessageOptions options,
                              senders::Confirmation confirmation, bool wait) {
  const std::uint32_t shard = shard_for(key, options);
  return send_to(shard, std::move(key), std::move(payload), std::move(options),
                 std::move(confirmation), wait);
}

Result<void> SenderLink::send_to(std::uint32_t shard, std::string key, std::string payload,
                                 MessageOptions options, senders::Confirmation confirmation,
                                 bool wait) {
  auto envelope =
      new_envelope(std::move(key), std::move(payload), std::move(options), clock_->now_us());
  if (!envelope) return envelope.error();
  senders::UnsentMessage message;
  message.shard = shard;
  message.envelope = *std::move(envelope);
  message.confirmation = std::move(confirmation);
  return wait ? inbox_->push(std::move(message)) : inbox_->try_push(std::move(message));
}

Result<void> SenderLink::request(std::string key, std::string payload, MessageOptions options,
                                 std::string reply_to, senders::Confirmation confirmation) {
  senders::UnsentMessage message;
  message.shard = shard_for(key, options);
  auto envelope =
      new_envelope(std::move(key), std::move(payload), std::move(options), clock_->now_us());
  if (!envelope) return envelope.error();
  message.envelope = *std::move(envelope);
  message.envelope->set_reply_to(std::move(reply_to));
  message.confirmation = std::move(confirmation);
  return inbox_->try_push(std::move(message));
}

std::future<Result<void>> SenderLink::send_future(std::string key, std::string payload,
                                                  MessageOptions options) {
  // Shared, because a Confirmation is copyable.
  const auto durable = std::make_shared<std::promise<Result<void>>>();
  std::future<Result<void>> future = durable->get_future();
  auto taken = send(
      std::move(key), std::move(payload), std::move(options),
      [durable](const Result<void>& result) { durable->set_value(result); }, true);
  if (!taken) durable->set_value(std::move(taken));
  return future;
}

Result<void> SenderLink::close(std::chrono::milliseconds within) {
  return inbox_->close_and_wait(within);
}

std::uint32_t SenderLink::shard_for(const std::string& key, const MessageOptions& options) {
  if (!key.empty()) return shard_of(key, shards_);
  // A repeated idempotency key must go to the shard whose dedup table has its first use.
  if (!options.idempotency_key.empty()) return shard_of(options.idempotency_key, shards_);
  return keyless_.fetch_add(1, std::memory_order_relaxed) % shards_;
}

}  // namespace millrace
