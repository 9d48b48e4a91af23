// JoinGroup: a member asks to take part in its group; the answer waits until all members have joined.
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

struct JoinGroupRequest {
  struct Protocol {
    std::string_view name{};
    std::string_view metadata{};  ///< of the member, for the leader
  };
  std::string_view group{};
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = 0;
  std::string_view member{};                   ///< empty: it has no id yet
  std::optional<std::string_view> instance{};  ///< of a static member
  std::string_view protocol_type{};
  std::vector<Protocol> protocols{};  ///< the preferred one first
};

struct JoinGroupAnswer {
  struct Member {
    std::string id{};
    std::optional<std::string> instance{};
    std::string metadata{};
  };
  Code code = Code::none;
  std::int32_t generation = -1;
  std::string protocol{};
  std::string leader{};           ///< id of a member
  std::string member{};           ///< the one that asked
  std::vector<Member> members{};  ///< for the leader only

  friend bool operator==(const JoinGroupAnswer&, const JoinGroupAnswer&) = default;
};

/// From this version on, a member without an id gets one, and joins by a second request.
inline constexpr std::int16_t join_group_version_with_ids = 4;

[[nodiscard]] JoinGroupRequest read_join_group(Reader& reader, std::int16_t version);
void write_join_group(Writer& writer, std::int16_t version, const JoinGroupAnswer& answer);

}  // namespace millrace::kafka
