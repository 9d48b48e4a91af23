// SyncGroup: the leader of a group hands in what each member is assigned, and every member gets its own.
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

struct SyncGroupRequest {
  struct Assignment {
    std::string_view member{};
    std::string_view assignment{};
  };
  std::string_view group{};
  std::int32_t generation = 0;
  std::string_view member{};
  std::optional<std::string_view> instance{};
  std::vector<Assignment> assignments{};  ///< empty, but for the leader
};

struct SyncGroupAnswer {
  Code code = Code::none;
  std::string assignment{};

  friend bool operator==(const SyncGroupAnswer&, const SyncGroupAnswer&) = default;
};

[[nodiscard]] SyncGroupRequest read_sync_group(Reader& reader, std::int16_t version);
void write_sync_group(Writer& writer, std::int16_t version, const SyncGroupAnswer& answer);

}  // namespace millrace::kafka
