// PipelineSpec: a wired pipeline as data, which a node or a test brings to life.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <google/protobuf/message_lite.h>

#include "actors/stage/queue_ref.hpp"
#include "actors/stage/stage.hpp"
#include "actors/stage/stage_options.hpp"

namespace millrace {

/// The key of a message; it is of the type of the queue that the function belongs to.
using KeyOf = std::function<std::string(const google::protobuf::MessageLite&)>;

/// A queue by name, the full name of the Protobuf type that it carries, and its key.
struct QueueSpec {
  std::string name;
  std::string type;
  KeyOf key_of{};  ///< unset: none here; outputs to the queue keep the key of their input then

  /// Functions cannot be compared, so a key does not count.
  friend bool operator==(const QueueSpec& a, const QueueSpec& b) {
    return a.name == b.name && a.type == b.type;
  }
};

/// One stage: where its input comes from, what handles it, where its outputs go.
struct StageSpec {
  std::string name;
  QueueSpec source;
  std::vector<QueueSpec> targets{};
  StageOptions options{};
  bool is_batch = false;     ///< gathers up to options.batch.max messages of different keys
  bool is_keyed = false;     ///< messages of `source` have a key: their own or an inherited one
  bool keeps_state = false;  ///< the handler takes Keyed<State>, so that every message needs a key
  std::function<std::unique_ptr<Stage>()> make{};  ///< a fresh handler for one worker; any thread
};

/// A pipeline as `pipeline("name")…to(…)` makes it. Check it with validate() before it runs.
struct PipelineSpec {
  std::string name;
  std::vector<StageSpec> stages{};
};

namespace pipelines {

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

}  // namespace pipelines
}  // namespace millrace
