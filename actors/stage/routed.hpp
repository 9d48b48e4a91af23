// Routed: outputs of one handler call to several named queues.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/stage/queue_ref.hpp"

namespace millrace {

/// What a sender may say about one message beside its body. Absent fields take their defaults.
struct MessageOptions {
  int priority = -1;                       ///< 0 (last) to 9 (first); -1: as the input, else 4
  std::chrono::microseconds delay{};       ///< not before this long from now
  std::chrono::microseconds expires_in{};  ///< 0: the rest of the input's budget, else none
  std::string idempotency_key{};           ///< idempotency key of an offer; empty: none
};

/// Messages, each for a named queue. All of them, or none, become durable with the input's
/// acknowledgement.
class Routed {
 public:
  struct Item {
    std::string queue;
    std::optional<std::string> key;  ///< nullopt: the queue names none, so the input's key
    std::string payload;
    MessageOptions options;
    /// Of the type of the payload, so that a message for a queue of another type is noticed.
    const google::protobuf::MessageLite* prototype = nullptr;
  };

  /// Adds `message` for `target`, keyed as the queue says, and else as the input is. The stage must
  /// declare the queue with `.to(...)`.
  template <Message T>
  Routed& to(const QueueRef<T>& target, const T& message, MessageOptions options = {}) {
    std::optional<std::string> key;
    if (target.has_key()) key = target.key_of(message);
    items_.push_back({target.name(), std::move(key), message.SerializeAsString(),
                      std::move(options), &T::default_instance()});
    return *this;
  }

  [[nodiscard]] const std::vector<Item>& items() const { return items_; }
  [[nodiscard]] std::vector<Item>& items() { return items_; }

 private:
  std::vector<Item> items_;
};

}  // namespace millrace
