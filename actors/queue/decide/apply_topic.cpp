#include "actors/queue/decide/apply_topic.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace millrace::queues {
namespace {

void append_batch(State& state, Topic& topic, Sequence sequence, std::uint32_t records,
                  const pb::TopicAppend* numbers) {
  const Entry* entry = state.durable.index.find(sequence);
  const TopicBatch batch{
      .sequence = sequence,
      .base_offset = topic.next,
      .count = std::max<std::uint32_t>(records, 1),
      .bytes = entry->bytes,
      .timestamp_ms = numbers != nullptr ? numbers->timestamp_ms() : state.live.now_us / 1'000,
      .age_us = state.durable.age_us};
  topic.batches.push_back(batch);
  topic.bytes += batch.bytes;
  topic.next = batch.end();
  if (numbers == nullptr || numbers->producer() < 0) return;
  TopicProducer& producer = topic.producers[numbers->producer()];
  const auto epoch = static_cast<std::int16_t>(numbers->epoch());
  if (epoch != producer.epoch) producer.recent.clear();
  producer.epoch = epoch;
  const auto first = static_cast<std::int32_t>(numbers->sequence());
  producer.next_sequence = sequence_after(first, batch.count);
  producer.active_age_us = state.durable.age_us;
  producer.recent.push_back({first, batch.count, batch.base_offset});
  if (producer.recent.size() > TopicProducer::recent_max) producer.recent.pop_front();
}

void apply_group(const State& state, Topic& topic, const pb::GroupChange& change) {
  if (change.what_case() == pb::GroupChange::kForget) {
    topic.groups.erase(change.group());
    return;
  }
  const auto [place, is_new] = topic.groups.try_emplace(change.group());
  TopicGroup& group = place->second;
  if (is_new) group.held_from = topic.next;
  group.active_age_us = state.durable.age_us;
  if (change.permanent()) group.is_permanent = true;
  if (change.what_case() != pb::GroupChange::kCommit) return;
  group.committed = change.commit();
  group.metadata = change.metadata();
}

void trim(Topic& topic, std::int64_t start) {
  topic.start = std::max(topic.start, start);
  while (!topic.batches.empty() && topic.batches.front().end() <= topic.start) {
    topic.bytes -= topic.batches.front().bytes;
    topic.batches.pop_front();
  }
}

/// Which topic each message of a change belongs to, where its TopicAppend says so.
using Appends = std::map<std::uint32_t, std::pair<const std::string*, const pb::TopicAppend*>>;

Appends appends_of(const pb::Change& change) {
  Appends appends;
  for (const pb::TopicChange& topic : change.topic()) {
    for (const pb::TopicAppend& append : topic.append())
      appends[append.index()] = {&topic.name(), &append};
  }
  return appends;
}

}  // namespace

void apply_topics(State& state, const pb::Change& change) {
  TopicTable& topics = state.durable.topics;
  for (const pb::TopicChange& next : change.topic()) {
    if (next.has_options()) topics[next.name()].options = next.options();
  }
  const Appends appends = appends_of(change);
  Sequence sequence = state.durable.last - static_cast<Sequence>(change.append_size());
  for (int i = 0; i < change.append_size(); ++i) {
    const auto named = appends.find(static_cast<std::uint32_t>(i));
    const bool is_named = named != appends.end();
    Topic& topic = topics[is_named ? *named->second.first : state.name];
    append_batch(state, topic, ++sequence, change.append(i).records(),
                 is_named ? named->second.second : nullptr);
  }
  for (const pb::TopicChange& next : change.topic()) {
    if (next.remove()) {
      topics.erase(next.name());
      continue;
    }
    const auto found = topics.find(next.name());
    if (found == topics.end()) continue;  // removed by a record in between
    Topic& topic = found->second;
    for (const pb::GroupChange& group : next.group()) apply_group(state, topic, group);
    for (const std::int64_t producer : next.forget_producer()) topic.producers.erase(producer);
    if (next.start() > 0) trim(topic, next.start());
  }
}

void make_room_for_body(State& state, std::uint64_t bytes) {
  MessageIndex& index = state.durable.index;
  const std::uint64_t limit = state.limits.body_cache_bytes;
  bytes += body_overhead;
  if (bytes > limit || index.cached_bytes() + bytes <= limit) return;
  // Some more at once, so that the search from the front is rare.
  const std::uint64_t target = limit - std::max(bytes, limit / 8);
  Sequence last_dropped = 0;
  std::vector<Sequence> oldest;
  std::uint64_t freed = 0;
  index.visit_from(state.live.bodies_from, [&](Sequence sequence, const Entry& entry) {
    if (index.cached_bytes() - freed <= target) return false;
    last_dropped = sequence;
    if (index.body(sequence) == nullptr) return true;
    oldest.push_back(sequence);
    freed += entry.bytes + body_overhead;
    return true;
  });
  for (const Sequence sequence : oldest) index.drop_body(sequence);
  state.live.bodies_from = last_dropped + 1;
}

void propose_batch(State& state, const ProposedBatch& batch) {
  ProposedBatches& proposed = state.live.proposed_batches[{batch.topic, batch.producer}];
  proposed.epoch = batch.epoch;
  proposed.next_sequence = sequence_after(batch.sequence, batch.count);
  proposed.batches.emplace_back(batch.sequence, batch.count);
}

void batch_committed(State& state, const ProposedBatch& batch) {
  const auto proposed = state.live.proposed_batches.find({batch.topic, batch.producer});
  proposed->second.batches.pop_front();
  if (proposed->second.batches.empty()) state.live.proposed_batches.erase(proposed);
}

}  // namespace millrace::queues
