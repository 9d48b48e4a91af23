// ShardName: names a shard of the queues of one role.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::placement {

struct ShardName {
  std::string role{};  ///< role of the stages that read the queues; empty: none
  std::uint32_t shard = 0;

  /// Returns the name as messages to users show it.
  [[nodiscard]] std::string text() const {
    return "shard " + std::to_string(shard) + (role.empty() ? "" : " of role " + role);
  }
};

}  // namespace millrace::placement
