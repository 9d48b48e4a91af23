// ListGroups: the groups that a broker coordinates. The request has no fields.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

struct ListedGroup {
  std::string name{};
  std::string protocol_type{};  ///< empty: it has no members

  friend bool operator==(const ListedGroup&, const ListedGroup&) = default;
};

void write_list_groups(Writer& writer, std::int16_t version, Code code,
                       const std::vector<ListedGroup>& groups);

}  // namespace millrace::kafka
