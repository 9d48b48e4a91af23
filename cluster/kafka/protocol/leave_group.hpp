// LeaveGroup: a member gives up its part in its group.
#pragma once

#include <cstdint>
#include <string_view>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

struct LeaveGroupRequest {
  std::string_view group{};
  std::string_view member{};
};

[[nodiscard]] LeaveGroupRequest read_leave_group(Reader& reader, std::int16_t version);
void write_leave_group(Writer& writer, std::int16_t version, Code code);

}  // namespace millrace::kafka
