// One example of every kind of thing that the disk holds or nodes say, with all of its fields set.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/message.h>

namespace millrace {

struct GoldenCase {
  std::string name;  ///< of the file: name.hex
  std::shared_ptr<google::protobuf::Message> message;
};

[[nodiscard]] std::vector<GoldenCase> golden_cases();

/// Those of messages/cluster.proto.
[[nodiscard]] std::vector<GoldenCase> golden_cluster_cases();

/// Those of messages/federation.proto.
[[nodiscard]] std::vector<GoldenCase> golden_federation_cases();

}  // namespace millrace
