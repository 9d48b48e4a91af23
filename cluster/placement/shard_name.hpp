// ShardName: which shard of the queues of which role.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::placement {

struct ShardName {
  std::string role{};  ///< of the stages that read its queues; empty: of those that have none
  std::uint32_t shard = 0;

  /// As messages show it.
  [[nodiscard]] std::string text() const {
    return "shard " + std::to_string(shard) + (role.empty() ? "" : " of role " + role);
  }
};

}  // namespace millrace::placement
