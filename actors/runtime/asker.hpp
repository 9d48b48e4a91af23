// Asker<Request, Reply>: offers a request to a queue, and waits for the message that answers it.
//
//     pipeline("quotes").from(asked).then<MakeQuote>("quote").to(quotes)    // any stages
//     pipeline("replies").from(quotes).then_answer("reply")                 // says that `quotes` answers
//
//     auto asker = runtime.asker(asked, quotes, {.producer = "shop-1"});
//     std::future<Result<Quote>> quote = asker->ask(request, {.deadline = 2s});
//
// The request is a message as any other: once it is durable it is handled, also if the asker dies or its
// deadline passes. Only the wait for the reply is not durable.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "actors/stage/queue_ref.hpp"
#include "actors/stage/routed.hpp"
#include "messages/result.hpp"

namespace millrace {

class AskerParts;

struct AskOptions {
  /// For how long the asker waits, from the call; 1 ms to 24 h. Not the deadline of the request:
  /// `message.expires_in` is.
  std::chrono::milliseconds deadline{30'000};
  MessageOptions message{};  ///< of the request; without idempotency_key
};

/// The untyped part of an asker, from Runtime::asker(); must not outlive the runtime. Thread-safe.
class AskerLink {
 public:
  /// With the serialized reply.
  using Answered = std::function<void(const Result<std::string>&)>;

  explicit AskerLink(std::shared_ptr<const AskerParts> parts) : parts_(std::move(parts)) {}

  /// See Asker::ask().
  [[nodiscard]] Result<void> ask(std::string key, std::string payload, AskOptions options,
                                 Answered answered) const;

 private:
  std::shared_ptr<const AskerParts> parts_;
};

/// Thread-safe: any number of requests may wait at once, each with its own deadline; no thread is held
/// meanwhile. Copies share one sender. Must not outlive the runtime.
template <Message Request, Message Reply>
class Asker {
 public:
  using Answered = std::function<void(const Result<Reply>&)>;

  Asker(std::shared_ptr<const AskerLink> link, QueueRef<Request> requests)
      : link_(std::move(link)), requests_(std::move(requests)) {}

  /// Offers `request` and returns. `answered` is called exactly once, on a thread of the runtime: with the
  /// first reply, or with
  ///   timeout           no reply came within the deadline; the request may be handled all the same, and
  ///                     its reply is dropped
  ///   rejected, handler_failed, expired, overran, poison, ...
  ///                     a message that descends from the request, or the request itself, became a dead
  ///                     letter on this node; told as soon as that is durable. On another node it is not
  ///                     known here, and the deadline passes
  ///   fenced, unknown_producer, draining
  ///                     as a confirmation of Sender::send(), or the runtime stops: whether the request
  ///                     is durable is unknown
  ///   backlog_full      100,000 requests of this node wait already
  /// It must not block; it may call ask(). What it throws is logged and has no further effect.
  ///
  /// Does not block. If ask() itself fails, `answered` is not called:
  ///   invalid_argument  an option outside its range, or an idempotency key: the reply to a duplicate
  ///                     went to its first asker
  ///   too_large         as Sender::send()
  ///   backlog_full      the window of the sender is full of requests that are not durable yet
  ///   not_owner         this node serves no shard of the reply queue, so no reply could come here
  ///   fenced, unknown_producer, draining
  ///                     as Sender::send()
  [[nodiscard]] Result<void> ask(const Request& request, AskOptions options,
                                 Answered answered) const {
    std::string key = requests_.key_of(request);
    return link_->ask(std::move(key), wire::serialize(request), std::move(options),
                      [answered = std::move(answered)](const Result<std::string>& result) {
                        answered(reply_of(result));
                      });
  }

  /// The same as a future, also for what ask() would have returned as a failure. It keeps nothing alive,
  /// and does not block when it is destroyed. Waiting for it in a callback of the runtime or in a handler
  /// may wait for ever.
  [[nodiscard]] std::future<Result<Reply>> ask(const Request& request,
                                               AskOptions options = {}) const {
    const auto promise = std::make_shared<std::promise<Result<Reply>>>();
    std::future<Result<Reply>> future = promise->get_future();
    const Result<void> asked =
        ask(request, std::move(options),
            [promise](const Result<Reply>& result) { promise->set_value(result); });
    if (!asked) promise->set_value(asked.error());
    return future;
  }

 private:
  static Result<Reply> reply_of(const Result<std::string>& payload) {
    if (!payload) return payload.error();
    Reply reply;
    std::string why;
    if (wire::parse(*payload, reply, why)) return reply;
    return Error{ErrorCode::invalid_argument, "the reply is " + why};
  }

  std::shared_ptr<const AskerLink> link_;
  QueueRef<Request> requests_;
};

}  // namespace millrace
