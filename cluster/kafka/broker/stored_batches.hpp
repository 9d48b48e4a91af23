// Batches of records as topics store them, and as clients get them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/queue/shell/topic_messages.hpp"
#include "cluster/kafka/broker_api.hpp"
#include "messages/result.hpp"

namespace millrace::kafka {

/// What a topic appends for a batch of a client: the bytes as they came, compressed or not.
[[nodiscard]] queues::TopicOffer to_offer(const std::string& topic, const RecordBatch& batch);

/// The batches that were read, with their offsets, as an answer. A message that a stage has written is a batch of
/// one record; its value is that of millrace.Bytes, the text of millrace.Json, or else the bytes of its type `type`.
[[nodiscard]] std::string to_batches(const queues::TopicRead& read, const std::string& type);

/// The first record of the batch whose timestamp is `timestamp_ms` or later; nullopt: none is. Fails as
/// parse_batch().
[[nodiscard]] Result<std::optional<FoundOffset>> find_time(const queues::TopicPiece& piece,
                                                           std::int64_t timestamp_ms,
                                                           std::size_t unpacked_bytes_max);

}  // namespace millrace::kafka
