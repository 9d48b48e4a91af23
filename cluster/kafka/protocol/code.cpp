#include "cluster/kafka/protocol/code.hpp"

namespace millrace::kafka {

Code code_of(ErrorCode error) {
  switch (error) {
    case ErrorCode::invalid_argument:
    case ErrorCode::rejected:
    case ErrorCode::key_reused:
    case ErrorCode::expired:
      return Code::invalid_record;
    case ErrorCode::not_found:
      return Code::unknown_topic_or_partition;
    case ErrorCode::too_large:
      return Code::message_too_large;
    case ErrorCode::corrupt:
      return Code::corrupt_message;
    case ErrorCode::unsupported_version:
      return Code::unsupported_for_message_format;
    case ErrorCode::fenced:
      return Code::invalid_producer_epoch;
    case ErrorCode::unknown_producer:
      return Code::unknown_producer_id;
    case ErrorCode::out_of_order:
      return Code::out_of_order_sequence_number;
    case ErrorCode::not_owner:
    case ErrorCode::draining:
      return Code::not_leader_or_follower;
    case ErrorCode::unreachable:
      return Code::leader_not_available;
    case ErrorCode::backlog_full:
    case ErrorCode::storage_full:
    case ErrorCode::log_unreachable:
      return Code::not_enough_replicas;
    case ErrorCode::timeout:
      return Code::request_timed_out;
    case ErrorCode::unauthenticated:
      return Code::topic_authorization_failed;
    default:
      return Code::unknown_server_error;
  }
}

}  // namespace millrace::kafka
