// Routed: the outputs of one handling, each for a queue that it names.
//
//     Routed operator()(const Payment& payment) {
//       return Routed().to(ledger, entry_of(payment)).to(reminders, reminder, {.delay = 24h});
//     }
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/stage/headers.hpp"
#include "actors/stage/queue_ref.hpp"

namespace millrace {

/// Options of one message that a sender or a Routed sends. A value outside its range fails the
/// handling, or the call of the sender with `invalid_argument`. A duration that is too long to be
/// added to the present time means "never".
struct MessageOptions {
  int priority = -1;  ///< 0 (last) to 9 (first); -1: the input's priority; 4 for a sender
  std::chrono::microseconds delay{};       ///< 0 or more: handled no earlier than this from now
  std::chrono::microseconds expires_in{};  ///< > 0: deadline from now; 0: the input's, else none
  std::string idempotency_key{};           ///< senders only; empty: none
  Headers headers{};                       ///< see headers.hpp for their bounds
  /// Outputs only: with the input's headers, beside those above. What does not fit within the bounds
  /// behind them is left out, the last first. False: without, but for `traceparent`.
  bool inherits_headers = false;
};

/// Messages, each for a queue. They become durable in one record with the input's ack: all or none.
/// Empty is allowed.
class Routed {
 public:
  struct Item {
    std::string queue;
    std::optional<std::string> key;  ///< nullopt: the declared queue's key, else the input's
    std::string payload;
    MessageOptions options;
    /// Default instance of the payload's type, compared with the type of the declared queue.
    const google::protobuf::MessageLite* prototype = nullptr;
  };

  /// Adds `message`, serialized now, for `target`. Its key is that of `target`, else that of the
  /// declared queue, else the input's. The stage must declare the queue with `.to(...)`; otherwise
  /// the handling fails. Throws what the key function of `target` throws.
  template <Message T>
  Routed& to(const QueueRef<T>& target, const T& message, MessageOptions options = {}) {
    std::optional<std::string> key;
    if (target.has_key()) key = target.key_of(message);
    items_.push_back({target.name(), std::move(key), wire::serialize(message), std::move(options),
                      &wire::prototype<T>()});
    return *this;
  }

  [[nodiscard]] const std::vector<Item>& items() const { return items_; }
  [[nodiscard]] std::vector<Item>& items() { return items_; }

 private:
  std::vector<Item> items_;
};

}  // namespace millrace
