// Examples of every message on disk and on the wire; together they set every field.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/message.h>

namespace millrace {

struct GoldenCase {
  std::string name;  ///< the bytes are in the file <name>.hex
  std::shared_ptr<google::protobuf::Message> message;
};

[[nodiscard]] std::vector<GoldenCase> golden_cases();

/// Topics on disk, and the cases of messages/topic.proto.
[[nodiscard]] std::vector<GoldenCase> golden_topic_cases();

/// Headers, pauses and breakers on disk.
[[nodiscard]] std::vector<GoldenCase> golden_control_cases();

/// The cases of messages/calls.proto.
[[nodiscard]] std::vector<GoldenCase> golden_call_cases();

/// The cases of messages/cluster.proto.
[[nodiscard]] std::vector<GoldenCase> golden_cluster_cases();

/// The cases of messages/federation.proto.
[[nodiscard]] std::vector<GoldenCase> golden_federation_cases();

}  // namespace millrace
