// DescribeConfigs: settings of topics and brokers.
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

/// Kinds of resources. Frozen by the protocol.
inline constexpr std::int8_t topic_resource = 2;
inline constexpr std::int8_t broker_resource = 4;

struct DescribeConfigsRequest {
  struct Resource {
    std::int8_t kind = 0;
    std::string_view name{};
    std::optional<std::vector<std::string_view>> keys{};  ///< nullopt: all
  };
  std::vector<Resource> resources{};
};

struct DescribedConfigs {
  struct Config {
    std::string name{};
    std::string value{};
  };
  Code code = Code::none;
  std::optional<std::string> message{};
  std::int8_t kind = 0;
  std::string name{};
  std::vector<Config> configs{};
};

[[nodiscard]] DescribeConfigsRequest read_describe_configs(Reader& reader, std::int16_t version);
void write_describe_configs(Writer& writer, std::int16_t version,
                            const std::vector<DescribedConfigs>& resources);

}  // namespace millrace::kafka
