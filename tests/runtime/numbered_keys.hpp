// Messages that number themselves within their key, and a handler that notices a state which was lost or is old.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include <google/protobuf/wrappers.pb.h>
#include <poll.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"

namespace millrace {

[[nodiscard]] inline std::string key_name(int key) {
  return "key-" + std::to_string(key);
}

/// A message is "<key>:<number>", perhaps with padding behind another colon, numbered from 1 within its key. The state
/// is the last number, the history has the messages.
struct CountNumbers {
  std::atomic<int>* wrong;  ///< messages that did not find the state of the one before
  Outcome<void> operator()(const google::protobuf::StringValue& message,
                           Keyed<google::protobuf::Int64Value>& keyed) const {
    const std::string& text = message.value();
    const std::int64_t number = std::stoll(text.substr(text.find(':') + 1));
    if (keyed->value() + 1 != number) ++*wrong;
    keyed.change().set_value(number);
    keyed.record(message);
    return {};
  }
};

/// Waits until all messages of the queue "test.work" are handled. False after two minutes.
[[nodiscard]] inline bool await_handled(Runtime& runtime) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (std::chrono::steady_clock::now() < until) {
    for (const QueueInfo& info : runtime.queues()) {
      if (info.name == "test.work" && info.ledger.queued() == 0) return true;
    }
    ::poll(nullptr, 0, 1);  // looks that follow each other at once would take the node's processor
  }
  return false;
}

}  // namespace millrace
