#include "cluster/node/value_queue.hpp"

#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "messages/values.pb.h"

namespace millrace::cluster {
namespace {

std::string key_in(const std::string& text, const nlohmann::json::json_pointer& pointer) {
  const auto message = nlohmann::json::parse(text, nullptr, false);
  if (message.is_discarded() || !message.is_structured() || !message.contains(pointer)) return {};
  const nlohmann::json& key = message.at(pointer);
  if (key.is_null()) return {};
  if (key.is_string()) return key.get<std::string>();
  if (key.is_number_integer()) return key.dump();
  throw std::invalid_argument("key " + pointer.to_string() +
                              ": expected a string or an integer, got " + key.type_name());
}

}  // namespace

std::string type_name(config::ValueType type) {
  return type == config::ValueType::json ? millrace::Json::default_instance().GetTypeName()
                                         : millrace::Bytes::default_instance().GetTypeName();
}

QueueSpec value_queue(std::string name, config::ValueType type, const std::string& key) {
  QueueSpec queue{.name = std::move(name), .type = type_name(type)};
  if (key.empty() || type != config::ValueType::json) return queue;
  queue.key_of =
      [pointer = nlohmann::json::json_pointer(key)](const google::protobuf::MessageLite& message) {
        return key_in(static_cast<const millrace::Json&>(message).text(), pointer);
      };
  return queue;
}

std::optional<QueueSpec> known_queue(const std::string& name,
                                     std::span<const PipelineSpec> pipelines,
                                     std::span<const config::QueueConfig> queues) {
  for (const config::QueueConfig& queue : queues) {
    if (queue.name == name && queue.type) return value_queue(name, *queue.type, queue.key);
  }
  std::optional<QueueSpec> found;
  const auto note = [&](const QueueSpec& mention) {
    if (mention.name == name && (!found || !found->key_of)) found = mention;
  };
  for (const PipelineSpec& pipeline : pipelines) {
    for (const StageSpec& stage : pipeline.stages) {
      note(stage.source);
      for (const QueueSpec& target : stage.targets) note(target);
    }
  }
  return found;
}

}  // namespace millrace::cluster
