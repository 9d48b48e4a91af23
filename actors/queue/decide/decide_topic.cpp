#include "actors/queue/decide/decide_topic.hpp"

#include <algorithm>
#include <utility>

#include "actors/queue/decide/decide_due.hpp"
#include "actors/queue/state/backlog.hpp"
#include "messages/bounds.hpp"
#include "messages/envelope.hpp"

namespace millrace::queues {
namespace {

constexpr std::int64_t trimmed_per_record = 10'000;
/// Groups and producers; the names of groups may be long.
constexpr std::size_t idle_per_record = 1'000;
/// A subscription that is there already is logged once in this time, so that its group counts as active.
constexpr DurationUs topic_refresh_us = 3'600'000'000;

Error no_topic(const State& state, const std::string& name) {
  return {ErrorCode::not_found, state.name + " has no topic " + name};
}

std::optional<Error> check_served(const State& state) {
  if (!state.keeps_topics() && !state.is_outbox) {
    return Error{ErrorCode::invalid_argument, "queue " + state.name + " keeps no topics"};
  }
  if (state.is_outbox || state.live.quiesced || state.live.sealed) {
    return Error{ErrorCode::not_owner, state.name + " is being moved to another node"};
  }
  return std::nullopt;
}

/// Null: there is none, or a record in flight removes it.
const Topic* find_topic(const State& state, const std::string& name) {
  if (state.live.removing_topics.contains(name)) return nullptr;
  const auto topic = state.durable.topics.find(name);
  return topic == state.durable.topics.end() ? nullptr : &topic->second;
}

/// A record with an empty change of the topic.
struct TopicRecord {
  std::unique_ptr<pb::Record> record;
  pb::TopicChange* topic = nullptr;
};

TopicRecord new_topic_record(const State& state, const std::string& name, TimeUs now_us) {
  TopicRecord out{new_record(state, now_us)};
  out.topic = out.record->mutable_change(0)->add_topic();
  out.topic->set_name(name);
  return out;
}

/// Refuses what needs room: with small records the backlog counts nothing.
std::optional<Error> check_small(const State& state, const std::string& topic, Room room) {
  if (auto refusal = check_served(state)) return refusal;
  if (find_topic(state, topic) == nullptr) return no_topic(state, topic);
  auto refusal = refusal_of_offer(state, room, 0);
  if (refusal && refusal->code == ErrorCode::backlog_full) return std::nullopt;
  return refusal;
}

bool has_length(const std::string& name, std::size_t max) {
  return !name.empty() && name.size() <= max;
}

// --- Idempotent producers ------------------------------------------------------------------------

/// A producer including its batches in flight.
struct Numbers {
  std::int16_t epoch = 0;
  std::int32_t next = 0;
  const TopicProducer* durable = nullptr;
  const ProposedBatches* proposed = nullptr;
};

std::optional<Numbers> numbers_of(const State& state, const Topic& topic, const TopicOffer& offer) {
  Numbers numbers;
  if (const auto known = topic.producers.find(offer.number.producer);
      known != topic.producers.end()) {
    numbers.durable = &known->second;
    numbers.epoch = known->second.epoch;
    numbers.next = known->second.next_sequence;
  }
  if (const auto known = state.live.proposed_batches.find({offer.topic, offer.number.producer});
      known != state.live.proposed_batches.end()) {
    numbers.proposed = &known->second;
    numbers.epoch = known->second.epoch;
    numbers.next = known->second.next_sequence;
  }
  if (numbers.durable == nullptr && numbers.proposed == nullptr) return std::nullopt;
  return numbers;
}

std::string name_of(const TopicOffer& offer) {
  return "producer " + std::to_string(offer.number.producer) + " of epoch " +
         std::to_string(offer.number.epoch) + " in topic " + offer.topic;
}

/// Whether `sequence` lies before `next`, for numbers that begin again behind 2^31 - 1.
bool is_before(std::int32_t sequence, std::int32_t next) {
  constexpr std::uint32_t half = 1u << 30;
  const std::uint32_t distance =
      (static_cast<std::uint32_t>(next) - static_cast<std::uint32_t>(sequence)) & 0x7fffffffu;
  return distance != 0 && distance <= half;
}

/// Decides by the numbers whether the batch is new: then nothing is set.
void check_numbers(const State& state, const Topic& topic, const TopicOffer& offer,
                   TopicOfferDecision& out) {
  const BatchNumber& number = offer.number;
  const std::optional<Numbers> known = numbers_of(state, topic, offer);
  const auto begins = [&](ErrorCode code) {
    if (number.sequence == 0) return;
    out.refusal = Error{code, name_of(offer) + " begins with number " +
                                  std::to_string(number.sequence) + ", expected 0"};
  };
  if (!known) return begins(ErrorCode::unknown_producer);
  if (number.epoch < known->epoch) {
    out.refusal = Error{ErrorCode::fenced,
                        name_of(offer) + " is fenced by epoch " + std::to_string(known->epoch)};
    return;
  }
  if (number.epoch > known->epoch) return begins(ErrorCode::out_of_order);
  if (number.sequence == known->next) return;
  const auto count = offer.batch.records();
  const auto refuse = [&] {
    out.refusal =
        Error{ErrorCode::out_of_order, name_of(offer) + " offers " + std::to_string(count) +
                                           " from " + std::to_string(number.sequence) +
                                           " on, expected " + std::to_string(known->next)};
  };
  const bool has_durable = known->durable != nullptr && known->durable->epoch == number.epoch;
  if (has_durable) {
    for (const RecentBatch& recent : known->durable->recent) {
      if (recent.sequence != number.sequence) continue;
      if (recent.count == count) {
        out.duplicate_at = recent.base_offset;
      } else {
        refuse();
      }
      return;
    }
  }
  if (known->proposed != nullptr) {
    const auto& batches = known->proposed->batches;
    out.is_in_flight = std::any_of(batches.begin(), batches.end(), [&](const auto& batch) {
      return batch.first == number.sequence && batch.second == count;
    });
    if (out.is_in_flight) return;
  }
  // All of it was taken before. One that only begins before is none that the producer has sent.
  const std::int32_t end = sequence_after(number.sequence, count);
  if (is_before(number.sequence, known->next) &&
      (end == known->next || is_before(end, known->next))) {
    out.duplicate_at = -1;
    return;
  }
  refuse();
}

/// The producers that have been idle for longest, idle_per_record at most; none with a batch in flight.
std::vector<std::int64_t> longest_idle(const State& state, const std::string& name,
                                       const Topic& topic) {
  std::vector<std::pair<TimeUs, std::int64_t>> idle;
  idle.reserve(topic.producers.size());
  for (const auto& [id, producer] : topic.producers) {
    if (!state.live.proposed_batches.contains({name, id}))
      idle.emplace_back(producer.active_age_us, id);
  }
  const auto count = std::min(idle.size(), idle_per_record);
  const auto end = idle.begin() + static_cast<std::ptrdiff_t>(count);
  if (end != idle.end()) std::nth_element(idle.begin(), end, idle.end());
  std::vector<std::int64_t> ids;
  for (auto each = idle.begin(); each != end; ++each) ids.push_back(each->second);
  return ids;
}

// --- What may go ---------------------------------------------------------------------------------

/// What must go so that the queue falls below its low water.
struct Shortage {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;

  [[nodiscard]] bool is_over() const { return messages == 0 && bytes == 0; }
  void frees(const TopicBatch& batch) {
    messages -= std::min<std::uint64_t>(messages, 1);
    bytes -= std::min<std::uint64_t>(bytes, batch.bytes);
  }
};

Shortage shortage_of(const State& state) {
  const Limits& limits = state.limits;
  if (!is_above(state, limits.high_water_percent)) return {};
  const auto beyond = [&limits](std::uint64_t used, std::uint64_t limit) {
    const std::uint64_t low = limit / 100 * limits.low_water_percent;
    return used > low ? used - low : 0;
  };
  return {beyond(state.durable.index.size(), limits.backlog_messages),
          beyond(state.durable.index.bytes(), limits.backlog_bytes)};
}

DurationUs retention_of(const State& state, const Topic& topic) {
  const DurationUs own_us = topic.options.retention_us();
  return own_us > 0 ? own_us : state.limits.topic_retention_us;
}

/// The first offset that is kept: no group needs the records below, and they are too old, or there is no room.
std::int64_t kept_from(const Topic& topic, TimeUs old_us, Shortage& shortage,
                       std::int64_t batches_max) {
  const std::int64_t needed = topic.needed_from().value_or(topic.next);
  std::int64_t from = topic.start;
  for (const TopicBatch& batch : topic.batches) {
    const bool is_old = batch.age_us <= old_us;
    if (batch.end() > needed || batches_max-- == 0 || (!is_old && shortage.is_over())) break;
    shortage.frees(batch);
    from = batch.end();
  }
  return from;
}

void trim(const Topic& topic, std::int64_t from, pb::Change& change, pb::TopicChange& out) {
  out.set_start(from);
  const bool was_read = !topic.groups.empty();
  for (const TopicBatch& batch : topic.batches) {
    if (batch.end() > from) break;
    if (was_read) {
      change.add_ack(batch.sequence);
    } else {
      change.add_drop(batch.sequence);
    }
  }
}

}  // namespace

TopicOfferDecision decide(const State& state, TopicOffer offer, Room room, TimeUs now_us) {
  TopicOfferDecision out;
  out.refusal = check_served(state);
  if (out.refusal) return out;
  const Topic* topic = find_topic(state, offer.topic);
  if (topic == nullptr) {
    out.refusal = no_topic(state, offer.topic);
    return out;
  }
  std::vector<std::int64_t> forgotten;
  const bool is_numbered = offer.number.producer >= 0;
  if (is_numbered) {
    check_numbers(state, *topic, offer, out);
    if (out.refusal || out.duplicate_at || out.is_in_flight) return out;
    if (topic->producers.size() >= producers_max &&
        !topic->producers.contains(offer.number.producer)) {
      forgotten = longest_idle(state, offer.topic, *topic);
      if (forgotten.empty()) {
        out.refusal = Error{ErrorCode::backlog_full,
                            "topic " + offer.topic + " remembers " + std::to_string(producers_max) +
                                " producers, and all have batches in flight"};
        return out;
      }
    }
  }
  const std::uint64_t bytes = bytes_of(offer.batch);
  if (bytes > message_bytes_max) {
    out.refusal = Error{ErrorCode::too_large, "topic " + offer.topic + ": a batch of " +
                                                  std::to_string(bytes) + " bytes; at most " +
                                                  std::to_string(message_bytes_max)};
    return out;
  }
  out.refusal = refusal_of_offer(state, room, bytes);
  if (out.refusal) return out;

  TopicRecord made = new_topic_record(state, offer.topic, now_us);
  made.topic->mutable_forget_producer()->Add(forgotten.begin(), forgotten.end());
  pb::TopicAppend& append = *made.topic->add_append();
  append.set_timestamp_ms(offer.timestamp_ms);
  append.set_producer(offer.number.producer);
  if (is_numbered) {
    append.set_epoch(static_cast<std::uint32_t>(offer.number.epoch));
    append.set_sequence(static_cast<std::uint32_t>(offer.number.sequence));
  }
  Pending& pending = out.decision.pending;
  pending.messages = 1;
  pending.bytes = bytes;
  pending.batch =
      ProposedBatch{offer.topic, offer.number.producer, offer.number.epoch, offer.number.sequence,
                    static_cast<std::uint32_t>(offer.batch.records())};
  // Each batch is a message of its own, also one with the same bytes as another.
  offer.batch.set_id_high(hash_key(state.name));
  offer.batch.set_id_low(state.durable.last + state.live.proposed_messages + 1);
  *made.record->mutable_change(0)->add_append() = std::move(offer.batch);
  out.decision.record = std::move(made.record);
  return out;
}

TopicDecision decide_topic(const State& state, const std::string& name,
                           const pb::TopicOptions& options, bool updates, Room room,
                           TimeUs now_us) {
  TopicDecision out;
  out.refusal = check_served(state);
  if (out.refusal) return out;
  const Topic* known = find_topic(state, name);
  if (known != nullptr && (!updates || known->options.retention_us() == options.retention_us())) {
    return out;
  }
  if (state.live.removing_topics.contains(name)) {
    out.refusal = Error{ErrorCode::backlog_full, "topic " + name + " is being removed"};
    return out;
  }
  if (!has_length(name, topic_name_max)) {
    out.refusal = Error{ErrorCode::invalid_argument,
                        "a topic's name has 1 to " + std::to_string(topic_name_max) + " bytes"};
    return out;
  }
  if (known == nullptr && state.durable.topics.size() >= topics_max) {
    out.refusal = Error{ErrorCode::backlog_full,
                        state.name + " has " + std::to_string(topics_max) + " topics already"};
    return out;
  }
  out.refusal = refusal_of_offer(state, room, 0);
  if (out.refusal && out.refusal->code == ErrorCode::backlog_full) out.refusal.reset();
  if (out.refusal) return out;
  TopicRecord made = new_topic_record(state, name, now_us);
  *made.topic->mutable_options() = options;
  out.decision.record = std::move(made.record);
  return out;
}

TopicDecision decide_topic_removal(const State& state, const std::string& name, TimeUs now_us) {
  TopicDecision out;
  out.refusal = check_served(state);
  if (out.refusal) return out;
  const auto found = state.durable.topics.find(name);
  if (found == state.durable.topics.end()) {
    out.refusal = no_topic(state, name);
    return out;
  }
  const Topic* const topic = &found->second;
  if (name == state.name) {
    out.refusal = Error{ErrorCode::rejected, "topic " + name + " is a queue of the pipelines"};
    return out;
  }
  TopicRecord made = new_topic_record(state, name, now_us);
  pb::Change& change = *made.record->mutable_change(0);
  for (const TopicBatch& batch : topic->batches) {
    if (change.drop_size() == trimmed_per_record) {
      made.topic->set_removing(true);
      made.topic->set_start(batch.base_offset);
      break;
    }
    change.add_drop(batch.sequence);
  }
  made.topic->set_remove(!made.topic->removing());
  out.decision.record = std::move(made.record);
  return out;
}

TopicDecision decide_subscription(const State& state, const std::string& topic,
                                  const std::string& group, bool permanent, Room room,
                                  TimeUs now_us) {
  TopicDecision out;
  out.refusal = check_small(state, topic, room);
  if (out.refusal) return out;
  const Topic& found = *find_topic(state, topic);
  const auto known = found.groups.find(group);
  if (known != found.groups.end() && (!permanent || known->second.is_permanent) &&
      age_now_us(state, now_us) - known->second.active_age_us < topic_refresh_us) {
    return out;
  }
  if (!has_length(group, group_name_max)) {
    out.refusal = Error{ErrorCode::invalid_argument,
                        "a group's name has 1 to " + std::to_string(group_name_max) + " bytes"};
    return out;
  }
  if (known == found.groups.end() && found.groups.size() >= groups_max) {
    out.refusal =
        Error{ErrorCode::backlog_full,
              "topic " + topic + " has " + std::to_string(groups_max) + " groups already"};
    return out;
  }
  TopicRecord made = new_topic_record(state, topic, now_us);
  pb::GroupChange& change = *made.topic->add_group();
  change.set_group(group);
  change.set_subscribe(true);
  change.set_permanent(permanent);
  out.decision.record = std::move(made.record);
  return out;
}

TopicDecision decide_commit(const State& state, const std::string& topic, const std::string& group,
                            std::int64_t offset, const std::string& metadata, Room room,
                            TimeUs now_us) {
  TopicDecision out;
  out.refusal = check_small(state, topic, room);
  if (out.refusal) return out;
  const Topic& found = *find_topic(state, topic);
  if (offset < 0 || offset > found.next) {
    out.refusal = Error{ErrorCode::invalid_argument,
                        "topic " + topic + ": a commit of " + std::to_string(offset) +
                            ", expected 0 to " + std::to_string(found.next)};
    return out;
  }
  if (!has_length(group, group_name_max) || metadata.size() > group_metadata_max) {
    out.refusal =
        Error{ErrorCode::invalid_argument,
              "a group's name has 1 to " + std::to_string(group_name_max) +
                  " bytes, the metadata of a commit at most " + std::to_string(group_metadata_max)};
    return out;
  }
  const auto known = found.groups.find(group);
  if (known == found.groups.end() && found.groups.size() >= groups_max) {
    out.refusal =
        Error{ErrorCode::backlog_full,
              "topic " + topic + " has " + std::to_string(groups_max) + " groups already"};
    return out;
  }
  TopicRecord made = new_topic_record(state, topic, now_us);
  pb::GroupChange& change = *made.topic->add_group();
  change.set_group(group);
  change.set_commit(offset);
  change.set_metadata(metadata);
  out.decision.record = std::move(made.record);
  return out;
}

TopicDecision decide_unsubscription(const State& state, const std::string& topic,
                                    const std::string& group, TimeUs now_us) {
  TopicDecision out;
  out.refusal = check_served(state);
  if (out.refusal) return out;
  const Topic* found = find_topic(state, topic);
  if (found == nullptr || !found->groups.contains(group)) {
    out.refusal = Error{ErrorCode::not_found, "topic " + topic + " has no group " + group};
    return out;
  }
  TopicRecord made = new_topic_record(state, topic, now_us);
  pb::GroupChange& change = *made.topic->add_group();
  change.set_group(group);
  change.set_forget(true);
  out.decision.record = std::move(made.record);
  return out;
}

Decision decide_trim(const State& state, TimeUs now_us) {
  Decision out;
  if (check_served(state)) return out;
  const TimeUs age_us = age_now_us(state, now_us);
  Shortage shortage = shortage_of(state);
  std::int64_t left = trimmed_per_record;
  std::size_t idle_left = idle_per_record;
  for (const auto& [name, topic] : state.durable.topics) {
    if (state.live.removing_topics.contains(name)) continue;
    const std::int64_t from = kept_from(topic, age_us - retention_of(state, topic), shortage, left);
    std::vector<std::string> groups;
    for (const auto& [group, one] : topic.groups) {
      if (idle_left == 0) break;
      if (one.is_permanent || one.active_age_us + topic_idle_us > age_us) continue;
      groups.push_back(group);
      --idle_left;
    }
    std::vector<std::int64_t> producers;
    for (const auto& [id, producer] : topic.producers) {
      if (idle_left == 0) break;
      const bool is_busy = state.live.proposed_batches.contains({name, id});
      if (is_busy || producer.active_age_us + topic_idle_us > age_us) continue;
      producers.push_back(id);
      --idle_left;
    }
    if (from <= topic.start && groups.empty() && producers.empty()) continue;
    if (!out.record) out.record = new_record(state, now_us);
    pb::Change& change = *out.record->mutable_change(0);
    pb::TopicChange& next = *change.add_topic();
    next.set_name(name);
    if (from > topic.start) trim(topic, from, change, next);
    for (std::string& group : groups) {
      pb::GroupChange& forgotten = *next.add_group();
      forgotten.set_group(std::move(group));
      forgotten.set_forget(true);
    }
    next.mutable_forget_producer()->Add(producers.begin(), producers.end());
    left = trimmed_per_record - change.ack_size() - change.drop_size();
  }
  return out;
}

std::optional<DurationUs> trim_due_in(const State& state, TimeUs now_us, DurationUs look_us) {
  if (!state.keeps_topics()) return std::nullopt;
  const TimeUs age_us = age_now_us(state, now_us);
  std::optional<DurationUs> due;
  for (const auto& [name, topic] : state.durable.topics) {
    if (topic.groups.empty() && topic.producers.empty() && topic.batches.empty()) continue;
    due = std::min(due.value_or(look_us), look_us);
    if (topic.batches.empty()) continue;
    const TopicBatch& first = topic.batches.front();
    if (first.end() > topic.needed_from().value_or(topic.next)) continue;
    const TimeUs end_us = first.age_us + retention_of(state, topic);
    due = std::min(*due, std::max<DurationUs>(end_us - age_us, 0));
  }
  return due;
}

}  // namespace millrace::queues
