#include "actors/runtime/asker.hpp"

#include <atomic>
#include <cstdint>
#include <optional>

#include "actors/assembly/node_actors.hpp"
#include "actors/base/clock.hpp"
#include "actors/base/names.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/sender/question.hpp"
#include "messages/hash.hpp"

namespace millrace {
namespace {

constexpr std::chrono::milliseconds deadline_max = std::chrono::hours(24);
/// A key of each shard is found within so many tries for each shard, but for one asker in 10^8.
constexpr std::uint32_t tries_for_shard = 20;

}  // namespace

/// Of one asker. Thread-safe.
class AskerParts {
 public:
  AskerParts(const NodeActors& actors, const Clock& clock, std::shared_ptr<SenderLink> sender,
             std::string replies)
      : actors_(actors),
        clock_(clock),
        sender_(std::move(sender)),
        replies_(std::move(replies)),
        // 64 random bits: the reply to a former asker, perhaps of another process, finds nobody.
        prefix_(random_name().substr(0, 16) + '-') {}

  Result<void> ask(std::string key, std::string payload, AskOptions options,
                   AskerLink::Answered answered) const;

 private:
  /// A new key of the reply queue, of a shard that this node serves; nullopt: there is none.
  [[nodiscard]] std::optional<std::string> new_reply_to() const;

  const NodeActors& actors_;
  const Clock& clock_;
  const std::shared_ptr<SenderLink> sender_;
  const std::string replies_;
  const std::string prefix_;
  mutable std::atomic<std::uint64_t> number_ = 0;
};

// Shards move, so each request looks again. What moves while a request waits takes its reply along: then
// the deadline passes.
std::optional<std::string> AskerParts::new_reply_to() const {
  const std::uint32_t shards = sender_->shards();
  for (std::uint32_t i = 0; i < shards * tries_for_shard; ++i) {
    std::string reply_to = prefix_ + std::to_string(++number_);
    const auto served = actors_.served(replies_, shard_of(reply_to, shards));
    if (served && served->handle) return reply_to;
  }
  return std::nullopt;
}

Result<void> AskerParts::ask(std::string key, std::string payload, AskOptions options,
                             AskerLink::Answered answered) const {
  if (options.deadline < std::chrono::milliseconds(1) || options.deadline > deadline_max) {
    return Error{ErrorCode::invalid_argument, "deadline: expected 1 ms to 24 h, got " +
                                                  std::to_string(options.deadline.count()) + " ms"};
  }
  if (!options.message.idempotency_key.empty()) {
    return Error{ErrorCode::invalid_argument,
                 "idempotency_key: expected none, as the reply to a duplicate went to its first "
                 "asker"};
  }
  std::optional<std::string> reply_to = new_reply_to();
  if (!reply_to) {
    return Error{ErrorCode::not_owner, "this node serves no shard of the reply queue " + replies_};
  }
  const auto question = std::make_shared<senders::Question>(
      *reply_to, time_after(clock_.steady_us(), to_us(options.deadline)),
      [answered = std::move(answered)](const Result<std::shared_ptr<const pb::Envelope>>& result) {
        if (!result) return answered(result.error());
        answered((*result)->payload());
      });
  const Asks& asks = actors_.asks();
  asks.ask(question);
  Result<void> offered =
      sender_->request(std::move(key), std::move(payload), std::move(options.message), *reply_to,
                       [question, &asks](const Result<void>& durable) {
                         if (!durable) asks.answer(question->id(), durable.error());
                       });
  if (offered) return {};
  question->abandon();
  asks.answer(question->id(), offered.error());  // which forgets it
  return offered;
}

Result<void> AskerLink::ask(std::string key, std::string payload, AskOptions options,
                            Answered answered) const {
  return parts_->ask(std::move(key), std::move(payload), std::move(options), std::move(answered));
}

Result<std::shared_ptr<const AskerLink>> Runtime::open_asker(const std::string& requests,
                                                             const std::string& request_type,
                                                             const std::string& replies,
                                                             const std::string& reply_type,
                                                             const SenderOptions& options) {
  if (auto checked = actors().asks().check(replies, reply_type); !checked) return checked.error();
  auto sender = open_sender(requests, request_type, options);
  if (!sender) return sender.error();
  return std::make_shared<const AskerLink>(
      std::make_shared<const AskerParts>(actors(), clock(), *std::move(sender), replies));
}

}  // namespace millrace
