// Heartbeat: a member of a group says that it is alive, and learns that the group rebalances.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {

struct HeartbeatRequest {
  std::string_view group{};
  std::int32_t generation = 0;
  std::string_view member{};
  std::optional<std::string_view> instance{};
};

[[nodiscard]] HeartbeatRequest read_heartbeat(Reader& reader, std::int16_t version);
void write_heartbeat(Writer& writer, std::int16_t version, Code code);

}  // namespace millrace::kafka
