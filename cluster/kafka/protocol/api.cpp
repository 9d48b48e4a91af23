#include "cluster/kafka/protocol/api.hpp"

#include <algorithm>
#include <array>

namespace millrace::kafka {
namespace {

constexpr std::array table{
    ApiVersions{ApiKey::produce, 0, 7, 9},          ApiVersions{ApiKey::fetch, 0, 11, 12},
    ApiVersions{ApiKey::list_offsets, 0, 5, 6},     ApiVersions{ApiKey::metadata, 0, 9, 9},
    ApiVersions{ApiKey::offset_commit, 1, 7, 8},    ApiVersions{ApiKey::offset_fetch, 1, 7, 6},
    ApiVersions{ApiKey::find_coordinator, 0, 2, 3}, ApiVersions{ApiKey::join_group, 0, 5, 6},
    ApiVersions{ApiKey::heartbeat, 0, 3, 4},        ApiVersions{ApiKey::leave_group, 0, 1, 4},
    ApiVersions{ApiKey::sync_group, 0, 3, 4},       ApiVersions{ApiKey::describe_groups, 0, 4, 5},
    ApiVersions{ApiKey::list_groups, 0, 2, 3},      ApiVersions{ApiKey::sasl_handshake, 0, 1, 99},
    ApiVersions{ApiKey::api_versions, 0, 3, 3},     ApiVersions{ApiKey::create_topics, 0, 4, 5},
    ApiVersions{ApiKey::delete_topics, 0, 3, 4},    ApiVersions{ApiKey::init_producer_id, 0, 4, 2},
    ApiVersions{ApiKey::describe_configs, 0, 2, 4}, ApiVersions{ApiKey::sasl_authenticate, 0, 1, 2},
    ApiVersions{ApiKey::delete_groups, 0, 1, 2},    ApiVersions{ApiKey::offset_delete, 0, 0, 99},
};

}  // namespace

std::span<const ApiVersions> api_table() {
  return table;
}

const ApiVersions* versions_of(ApiKey key) {
  const auto* const found = std::find_if(table.begin(), table.end(),
                                         [&](const ApiVersions& api) { return api.key == key; });
  return found == table.end() ? nullptr : found;
}

Encoding encoding_of(const ApiVersions& api, std::int16_t version) {
  return version >= api.flexible_from ? Encoding::flexible : Encoding::plain;
}

}  // namespace millrace::kafka
