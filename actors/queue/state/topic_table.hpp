// TopicTable: the topics of a queue that keeps topics. A topic is the messages of the queue that were appended to
// it, in order, read by position: reading takes nothing away, and each group of readers has its own position.
//
// A message of a topic is a batch of records, or one record. Records have offsets: dense where they are appended,
// from 0. A batch that is gone leaves the lowest offsets without records, and nothing else ever does.
//
//            start               committed by a group                next
//   gone │ batch │ batch │ batch │ batch … │ batch │ batch │ ◀─ append
//        └──── kept for `retention` ───────┴── kept for the group ─┘
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/hash_map.hpp"
#include "actors/queue/state/message_index.hpp"
#include "messages/record.pb.h"

namespace millrace::queues {

/// One message of a topic.
struct TopicBatch {
  Sequence sequence = 0;           ///< of the message
  std::int64_t base_offset = 0;    ///< of its first record
  std::uint32_t count = 0;         ///< of records; > 0
  std::uint32_t bytes = 0;         ///< as Entry::bytes
  std::int64_t timestamp_ms = -1;  ///< latest of its records, as the client set it
  TimeUs age_us = 0;               ///< Durable::age_us when it was appended

  [[nodiscard]] std::int64_t end() const { return base_offset + count; }
};

/// A group of readers.
struct TopicGroup {
  std::int64_t committed = -1;  ///< records below are handled; -1: nothing was committed
  std::int64_t held_from = 0;   ///< the next offset when it subscribed
  std::string metadata{};       ///< of the last commit
  TimeUs active_age_us = 0;     ///< Durable::age_us at its last change
  bool is_permanent = false;    ///< not forgotten when it is idle

  /// Records from here on are kept for the group.
  [[nodiscard]] std::int64_t needs_from() const { return committed >= 0 ? committed : held_from; }
};

/// A batch that an idempotent producer may send again.
struct RecentBatch {
  std::int32_t sequence = 0;  ///< of its first record, for the producer
  std::uint32_t count = 0;
  std::int64_t base_offset = 0;
};

/// An idempotent producer, as Kafka's clients are. Their numbers begin with 0 for each topic and shard; the
/// number after 2^31 - 1 is 0.
struct TopicProducer {
  /// As many as a client has in flight at most.
  static constexpr std::size_t recent_max = 5;

  std::int16_t epoch = 0;
  std::int32_t next_sequence = 0;
  TimeUs active_age_us = 0;
  std::deque<RecentBatch> recent{};  ///< the latest, oldest first
};

/// The number `count` behind `sequence`.
[[nodiscard]] std::int32_t sequence_after(std::int32_t sequence, std::uint32_t count);

struct Topic {
  pb::TopicOptions options{};
  std::int64_t start = 0;            ///< records below are gone
  std::int64_t next = 0;             ///< offset of the next record
  std::deque<TopicBatch> batches{};  ///< in order, without gaps, from `start` to `next`
  std::uint64_t bytes = 0;           ///< sum of TopicBatch::bytes
  std::map<std::string, TopicGroup, std::less<>> groups{};
  absl::flat_hash_map<std::int64_t, TopicProducer, NumberHash> producers{};

  /// Records from here on are kept for some group; nullopt: there is no group.
  [[nodiscard]] std::optional<std::int64_t> needed_from() const;
  /// The batch that has `offset`, or the first one behind it; batches.end(): there is none.
  [[nodiscard]] std::deque<TopicBatch>::const_iterator batch_at(std::int64_t offset) const;
};

using TopicTable = std::map<std::string, Topic, std::less<>>;

/// Longest name of a topic and of a group, in bytes.
constexpr std::size_t topic_name_max = 249;
constexpr std::size_t group_name_max = 1'024;
/// Of a commit's metadata, in bytes.
constexpr std::size_t group_metadata_max = 4'096;
/// Topics of one queue; groups and idempotent producers of one topic in one shard.
constexpr std::size_t topics_max = 10'000;
constexpr std::size_t groups_max = 10'000;
constexpr std::size_t producers_max = 100'000;

}  // namespace millrace::queues
