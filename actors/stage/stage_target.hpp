// StageTarget: a queue that a stage writes to, with its message type erased.
#pragma once

#include <optional>
#include <string>

#include <google/protobuf/message_lite.h>

#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/queue_ref.hpp"

namespace millrace::pipelines {

/// A declared target: what its messages are, and how their key is told.
struct StageTarget {
  QueueSpec queue;
  const google::protobuf::MessageLite* prototype;

  /// The key of a message of the queue's type; nullopt where the queue has none.
  [[nodiscard]] std::optional<std::string> key_of(
      const google::protobuf::MessageLite& message) const {
    if (!queue.key_of) return std::nullopt;
    return queue.key_of(message);
  }
};

/// The key function of `ref` without its message type; unset where it has none.
template <Message T>
[[nodiscard]] KeyOf key_of(const QueueRef<T>& ref) {
  if (!ref.has_key()) return {};
  return [ref](const google::protobuf::MessageLite& message) {
    return ref.key_of(static_cast<const T&>(message));
  };
}

template <Message T>
[[nodiscard]] QueueSpec queue_spec(const QueueRef<T>& ref) {
  return {.name = ref.name(), .type = T::default_instance().GetTypeName(), .key_of = key_of(ref)};
}

template <Message T>
[[nodiscard]] StageTarget stage_target(const QueueRef<T>& ref) {
  return {.queue = queue_spec(ref), .prototype = &T::default_instance()};
}

}  // namespace millrace::pipelines
