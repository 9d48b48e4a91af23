// Routed: outputs of one handler call to several named queues.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "actors/pipeline/queue_ref.hpp"

namespace millrace {

/// What a sender may say about one message beside its body. Absent fields take their defaults.
struct MessageOptions {
  int priority = -1;                       ///< 0 (last) to 9 (first); -1: as the input, else 4
  std::chrono::microseconds delay{};       ///< not before this long from now
  std::chrono::microseconds expires_in{};  ///< 0: the rest of the input's budget, else none
  std::string idempotency_key{};           ///< business key of an offer; empty: none
};

/// Messages, each for a named queue. All of them, or none, become durable with the input's
/// acknowledgement.
class Routed {
 public:
  struct Item {
    std::string queue;
    std::string key;
    std::string payload;
    MessageOptions options;
  };

  /// Adds `message` for `target`, keyed as the queue says.
  template <Message T>
  Routed& to(const QueueRef<T>& target, const T& message, MessageOptions options = {}) {
    items_.push_back(
        {target.name(), target.key_of(message), message.SerializeAsString(), std::move(options)});
    return *this;
  }

  [[nodiscard]] const std::vector<Item>& items() const { return items_; }
  [[nodiscard]] std::vector<Item>& items() { return items_; }

 private:
  std::vector<Item> items_;
};

}  // namespace millrace
