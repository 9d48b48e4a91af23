// ApiKey, and which versions of each request this server answers.
#pragma once

#include <cstdint>
#include <span>

#include "cluster/kafka/wire/reader.hpp"

namespace millrace::kafka {

/// Numbers of the requests. Frozen by the protocol.
enum class ApiKey : std::int16_t {
  produce = 0,
  fetch = 1,
  list_offsets = 2,
  metadata = 3,
  offset_commit = 8,
  offset_fetch = 9,
  find_coordinator = 10,
  join_group = 11,
  heartbeat = 12,
  leave_group = 13,
  sync_group = 14,
  describe_groups = 15,
  list_groups = 16,
  sasl_handshake = 17,
  api_versions = 18,
  create_topics = 19,
  delete_topics = 20,
  init_producer_id = 22,
  describe_configs = 32,
  sasl_authenticate = 36,
  delete_groups = 42,
  offset_delete = 47,
};

struct ApiVersions {
  ApiKey key;
  std::int16_t min;
  std::int16_t max;
  std::int16_t flexible_from;  ///< the first version in Encoding::flexible; may be above max
};

/// The versions that are named to clients: those of release 2.3, by which some clients guess what else a
/// broker can do, and a few later ones.
///
/// Produce and Fetch begin at 0 although the first versions are answered by an error only: librdkafka
/// takes a table without them for a broker that cannot do compression.
[[nodiscard]] std::span<const ApiVersions> api_table();

/// The row of `key`; null: there is no such request here.
[[nodiscard]] const ApiVersions* versions_of(ApiKey key);

[[nodiscard]] Encoding encoding_of(const ApiVersions& api, std::int16_t version);

/// The oldest versions of Produce and Fetch that carry record batches of format 2.
inline constexpr std::int16_t produce_version_min = 3;
inline constexpr std::int16_t fetch_version_min = 4;

}  // namespace millrace::kafka
