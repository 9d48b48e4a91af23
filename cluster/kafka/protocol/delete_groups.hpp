// DeleteGroups: forgets groups without members, with all that they have committed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

struct DeleteGroupsRequest {
  std::vector<std::string_view> groups{};
};

struct DeleteGroupsAnswer {
  std::string group{};
  Code code = Code::none;
};

[[nodiscard]] DeleteGroupsRequest read_delete_groups(Reader& reader, std::int16_t version);
void write_delete_groups(Writer& writer, std::int16_t version,
                         const std::vector<DeleteGroupsAnswer>& groups);

}  // namespace millrace::kafka
