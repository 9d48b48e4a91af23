// PipelineSpec: a pipeline as data, without message types; pipeline() builds it, a node runs it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/message_lite.h>

#include "actors/stage/async_stage.hpp"
#include "actors/stage/queue_ref.hpp"
#include "actors/stage/stage.hpp"
#include "actors/stage/stage_options.hpp"

namespace millrace {

namespace pb {
class QueueDefinition;
}  // namespace pb

/// Returns the key of a message, which must have the type of the queue that the function belongs
/// to. Throws what the user's key function throws. Called by several threads at once.
using KeyOf = std::function<std::string(const google::protobuf::MessageLite&)>;

/// One mention of a queue by a stage.
struct QueueSpec {
  std::string name;
  std::string type;  ///< full name of the Protobuf type of its messages
  KeyOf key_of{};    ///< unset: outputs to the queue keep the key of their input

  /// Compares name and type; functions cannot be compared.
  friend bool operator==(const QueueSpec& a, const QueueSpec& b) {
    return a.name == b.name && a.type == b.type;
  }
};

/// Full name of the type of the keyed state of an external stage.
inline constexpr std::string_view external_state_type = "millrace.Json";

/// Full name of the type of a queue that keeps topics, and that no stage writes to.
inline constexpr std::string_view topic_queue_type = "millrace.Bytes";

/// One stage: the queue it reads, its handler, the queues it writes.
struct StageSpec {
  std::string name;  ///< unique in its pipeline
  QueueSpec source;
  std::vector<QueueSpec> targets{};  ///< StageOutput::target is an index into this
  StageOptions options{};
  bool is_batch = false;     ///< the handler takes a Batch
  bool is_keyed = false;     ///< messages of `source` have a key: of the queue, or inherited
  bool keeps_state = false;  ///< the handler takes Keyed<State>; then is_keyed must hold
  std::string state_type{};  ///< full name of State; empty unless keeps_state
  bool is_external = false;  ///< its handlers run in other processes; then it makes none
  bool is_answer = false;    ///< its messages go to their askers; then the node makes its handlers
  /// Set where an operator defined the queue that the stage reads; see Runtime::define_queue().
  std::shared_ptr<const pb::QueueDefinition> definition{};
  /// Returns a new handler for one worker; never null. Any thread, several at once. Of one that is
  /// neither async, external nor an answer.
  std::function<std::unique_ptr<Stage>()> make{};
  std::function<std::unique_ptr<AsyncStage>()> make_async{};  ///< the same, of an async handler
};

/// The stages of one pipeline. A value. validate() must accept it before it runs.
struct PipelineSpec {
  std::string name;
  std::vector<StageSpec> stages{};
};

namespace pipelines {

/// A queue that a stage writes to, with its message type erased.
struct StageTarget {
  QueueSpec queue;
  const google::protobuf::MessageLite* prototype;  ///< default instance of its type; never null

  /// Returns the key of a message of the queue's type; nullopt if the queue has no key.
  [[nodiscard]] std::optional<std::string> key_of(
      const google::protobuf::MessageLite& message) const {
    if (!queue.key_of) return std::nullopt;
    return queue.key_of(message);
  }
};

/// Returns the key function of `ref` with its message type erased; unset if `ref` has none.
template <Message T>
[[nodiscard]] KeyOf key_of(const QueueRef<T>& ref) {
  if (!ref.has_key()) return {};
  return [ref](const google::protobuf::MessageLite& message) {
    if constexpr (ProtobufMessage<T>) {
      return ref.key_of(static_cast<const T&>(message));
    } else {
      return ref.key_of(Codec<T>::decode(static_cast<const wire::Type<T>&>(message)));
    }
  };
}

template <Message T>
[[nodiscard]] QueueSpec queue_spec(const QueueRef<T>& ref) {
  return {.name = ref.name(), .type = wire::type_name<T>(), .key_of = key_of(ref)};
}

template <Message T>
[[nodiscard]] StageTarget stage_target(const QueueRef<T>& ref) {
  return {.queue = queue_spec(ref), .prototype = &wire::prototype<T>()};
}

}  // namespace pipelines
}  // namespace millrace

// In every program that composes a pipeline; compiled once, in pipeline_spec.cpp.
extern template class std::vector<millrace::QueueSpec>;
extern template class std::vector<millrace::StageSpec>;
extern template class std::vector<millrace::pipelines::StageTarget>;
extern template class std::function<std::string(const google::protobuf::MessageLite&)>;
