// Decides what clients do with the topics of a queue that keeps topics, and which records of them go.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "actors/queue/decide/decide_offer.hpp"
#include "actors/queue/decide/decision.hpp"
#include "messages/result.hpp"

namespace millrace::queues {

/// The numbers of an idempotent producer.
struct BatchNumber {
  std::int64_t producer = -1;  ///< -1: it is not idempotent, and nothing else counts
  std::int16_t epoch = 0;
  std::int32_t sequence = 0;  ///< of the first record

  friend bool operator==(const BatchNumber&, const BatchNumber&) = default;
};

/// A batch for a topic.
struct TopicOffer {
  std::string topic{};
  pb::Envelope batch{};            ///< payload and Envelope::records
  std::int64_t timestamp_ms = -1;  ///< latest of its records
  BatchNumber number{};
};

/// Null record: it was taken before, or is refused.
struct TopicOfferDecision {
  Decision decision{};
  /// The batch was taken before: where it is durable; -1: nobody knows any more.
  std::optional<std::int64_t> duplicate_at{};
  /// It was taken before, in a record that is in flight.
  bool is_in_flight = false;
  std::optional<Error> refusal{};
};

/// Appends a batch, as a whole or not at all. Refused with `not_found` (no such topic), `not_owner` (the queue is
/// being moved), `unknown_producer` (its numbers do not begin with 0), `fenced` (a later epoch is known),
/// `out_of_order`, `too_large` (above message_bytes_max), and, with room missing, as an offer: see decide_offer.hpp.
[[nodiscard]] TopicOfferDecision decide(const State& state, TopicOffer offer, Room room,
                                        TimeUs now_us);

/// Makes a topic. Null record without refusal: the topic is there already, and, with `updates`, has these options.
/// Refused with `invalid_argument`,
/// `backlog_full` (too many topics), `not_owner`, and as an offer.
struct TopicDecision {
  Decision decision{};
  std::optional<Error> refusal{};
};
[[nodiscard]] TopicDecision decide_topic(const State& state, const std::string& name,
                                         const pb::TopicOptions& options, bool updates, Room room,
                                         TimeUs now_us);

/// Removes a topic with its records and groups, or, of a large one, the first part of its records: then the record is
/// without TopicChange.remove, and the removal goes on when it is applied. Refused with `not_found`, `not_owner`,
/// `rejected` (the topic of the queue's own name). REQUIRES: it is in Volatile::removing_topics, and no batch for it is
/// in flight.
[[nodiscard]] TopicDecision decide_topic_removal(const State& state, const std::string& name,
                                                 TimeUs now_us);

/// Keeps what is appended from now on for the group; `permanent`: for as long as the topic is there. Null record without refusal: it is so already, by a record
/// that is durable. Refused with `not_found`, `invalid_argument`, `backlog_full` (too many groups), `not_owner`, and
/// as an offer.
[[nodiscard]] TopicDecision decide_subscription(const State& state, const std::string& topic,
                                                const std::string& group, bool permanent, Room room,
                                                TimeUs now_us);

/// The group has handled all records below `offset`. A lower offset than before is taken: the group reads again what
/// is still there. Also subscribes the group. Refused with `not_found`, `invalid_argument` (beyond the next record),
/// `not_owner`, and as an offer.
[[nodiscard]] TopicDecision decide_commit(const State& state, const std::string& topic,
                                          const std::string& group, std::int64_t offset,
                                          const std::string& metadata, Room room, TimeUs now_us);

/// Takes a group's subscription away; what was kept for it may go. Refused with `not_found`, `not_owner`.
[[nodiscard]] TopicDecision decide_unsubscription(const State& state, const std::string& topic,
                                                  const std::string& group, TimeUs now_us);

/// Groups that are not permanent and were not active for so long, and idle producers, are forgotten.
constexpr DurationUs topic_idle_us = 7ll * 86'400'000'000;

/// Lets go what nobody needs: records that all groups have committed and that are older than the topic keeps them;
/// above high water also younger ones; groups and producers that are idle. At most so many batches as fit into one
/// record; null record: nothing is to go.
[[nodiscard]] Decision decide_trim(const State& state, TimeUs now_us);

/// How long until decide_trim() may have something to do, at most `look_us`; nullopt: nothing changes by time.
[[nodiscard]] std::optional<DurationUs> trim_due_in(const State& state, TimeUs now_us,
                                                    DurationUs look_us);

}  // namespace millrace::queues
