// Code: the error codes of the Kafka protocol that this server gives, and what they stand for here.
#pragma once

#include <cstdint>

#include "messages/error_code.hpp"

namespace millrace::kafka {

/// Frozen by the protocol. "Retried": clients send the request again by themselves.
enum class Code : std::int16_t {
  unknown_server_error = -1,
  none = 0,
  offset_out_of_range = 1,
  corrupt_message = 2,             ///< retried
  unknown_topic_or_partition = 3,  ///< retried
  leader_not_available = 5,        ///< retried, after a look for the leader
  not_leader_or_follower = 6,      ///< retried, after a look for the leader
  request_timed_out = 7,           ///< retried; it may have been done
  message_too_large = 10,
  offset_metadata_too_large = 12,
  coordinator_load_in_progress = 14,  ///< retried
  coordinator_not_available = 15,     ///< retried
  not_coordinator = 16,               ///< retried, after a look for the coordinator
  invalid_topic = 17,
  not_enough_replicas = 19,  ///< retried; it was not done
  illegal_generation = 22,
  inconsistent_group_protocol = 23,
  invalid_group_id = 24,
  unknown_member_id = 25,
  invalid_session_timeout = 26,
  rebalance_in_progress = 27,
  topic_authorization_failed = 29,
  group_authorization_failed = 30,
  unsupported_sasl_mechanism = 33,
  illegal_sasl_state = 34,
  unsupported_version = 35,
  topic_already_exists = 36,
  invalid_partitions = 37,
  invalid_replication_factor = 38,
  invalid_config = 40,
  not_controller = 41,
  invalid_request = 42,
  unsupported_for_message_format = 43,
  policy_violation = 44,
  out_of_order_sequence_number = 45,
  duplicate_sequence_number = 46,
  invalid_producer_epoch = 47,
  transactional_id_authorization_failed = 53,
  kafka_storage_error = 56,  ///< retried, after a look for the leader
  sasl_authentication_failed = 58,
  unknown_producer_id = 59,
  non_empty_group = 68,
  group_id_not_found = 69,
  fetch_session_id_not_found = 70,
  member_id_required = 79,
  group_max_size_reached = 81,
  fenced_instance_id = 82,
  group_subscribed_to_topic = 86,
  invalid_record = 87,
};

/// What a client is told of an error of the node.
[[nodiscard]] Code code_of(ErrorCode error);

}  // namespace millrace::kafka
