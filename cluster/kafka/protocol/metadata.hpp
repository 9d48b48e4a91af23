// Metadata: brokers, topics, and which broker leads each partition.
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

struct MetadataRequest {
  std::optional<std::vector<std::string_view>> topics{};  ///< nullopt: all
  bool may_create = true;                                 ///< topics that do not exist
};

struct MetadataAnswer {
  struct Broker {
    std::int32_t id = 0;
    std::string host{};
    std::int32_t port = 0;
  };
  struct Partition {
    Code code = Code::none;
    std::int32_t index = 0;
    std::int32_t leader = -1;  ///< id of a broker; -1: none is known
  };
  struct Topic {
    Code code = Code::none;
    std::string name{};
    std::vector<Partition> partitions{};
  };
  std::vector<Broker> brokers{};
  std::string cluster{};
  std::int32_t controller = -1;  ///< id of a broker
  std::vector<Topic> topics{};
};

[[nodiscard]] MetadataRequest read_metadata(Reader& reader, std::int16_t version);
void write_metadata(Writer& writer, std::int16_t version, const MetadataAnswer& answer);

}  // namespace millrace::kafka
