// DescribeGroups: state and members of groups.
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

struct DescribeGroupsRequest {
  std::vector<std::string_view> groups{};
};

struct DescribedGroup {
  struct Member {
    std::string id{};
    std::optional<std::string> instance{};
    std::string client_id{};
    std::string client_host{};
    std::string metadata{};
    std::string assignment{};
  };
  Code code = Code::none;
  std::string name{};
  std::string state{};  ///< one of Kafka's names: "Stable", "Empty", "Dead" …
  std::string protocol_type{};
  std::string protocol{};
  std::vector<Member> members{};
};

[[nodiscard]] DescribeGroupsRequest read_describe_groups(Reader& reader, std::int16_t version);
void write_describe_groups(Writer& writer, std::int16_t version,
                           const std::vector<DescribedGroup>& groups);

}  // namespace millrace::kafka
