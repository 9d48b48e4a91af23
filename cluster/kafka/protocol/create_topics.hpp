// CreateTopics: makes topics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

struct CreateTopicsRequest {
  struct Config {
    std::string_view name{};
    std::optional<std::string_view> value{};
  };
  struct Topic {
    std::string_view name{};
    std::int32_t partitions = -1;  ///< -1: as many as the cluster has shards
    std::int16_t replicas = -1;    ///< -1: as the cluster has it
    bool has_assignments = false;  ///< the client says which broker leads which partition
    std::vector<Config> configs{};
  };
  std::vector<Topic> topics{};
  bool is_check_only = false;
};

struct CreateTopicsAnswer {
  std::string name{};
  Code code = Code::none;
  std::optional<std::string> message{};
};

[[nodiscard]] CreateTopicsRequest read_create_topics(Reader& reader, std::int16_t version);
void write_create_topics(Writer& writer, std::int16_t version,
                         const std::vector<CreateTopicsAnswer>& topics);

}  // namespace millrace::kafka
