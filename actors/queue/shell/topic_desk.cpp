#include "actors/queue/shell/topic_desk.hpp"

#include <algorithm>
#include <limits>

#include <caf/all.hpp>

#include "actors/queue/state/backlog.hpp"

namespace millrace::queues {
namespace {

/// Between two looks at what may go.
constexpr DurationUs look_max_us = 60'000'000;
constexpr DurationUs look_min_us = 100'000;
/// Of one read.
constexpr std::size_t pieces_max = 10'000;
/// Bytes of a batch beside its only record's key and value.
constexpr std::size_t piece_overhead = 80;
/// Bodies that are read in vain: their places change when the log is compacted.
constexpr int reads_max = 10;

}  // namespace

void TopicDesk::take(TopicCommand& command, Room room, TimeUs now_us) {
  std::visit([&](auto& one) { handle(one, room, now_us); }, command);
}

Result<const Topic*> TopicDesk::find(const std::string& name) const {
  if (!state_.keeps_topics() || state_.live.quiesced) {
    return Error{ErrorCode::not_owner, state_.name + " is being moved to another node"};
  }
  const auto topic = state_.durable.topics.find(name);
  if (topic == state_.durable.topics.end() || state_.live.removing_topics.contains(name)) {
    return Error{ErrorCode::not_found, state_.name + " has no topic " + name};
  }
  return &topic->second;
}

// --- What is logged ------------------------------------------------------------------------------

void TopicDesk::log(Decision decision, Waiting waiting) {
  decision.pending.topic_request = ++request_last_;
  waiting.batch = decision.pending.batch;
  waiting_.emplace(request_last_, std::move(waiting));
  propose_(std::move(decision));
}

void TopicDesk::log(TopicDecision decision, TopicReply<void>& reply) {
  if (decision.refusal) return reply.send(std::move(*decision.refusal));
  if (!decision.decision.record) return reply.send(Result<void>{});
  Waiting waiting;
  waiting.done = std::move(reply);
  log(std::move(decision.decision), std::move(waiting));
}

void TopicDesk::handle(AppendCommand& command, Room room, TimeUs now_us) {
  const std::string topic = command.offer.topic;
  const BatchNumber number = command.offer.number;
  TopicOfferDecision decided = decide(state_, std::move(command.offer), room, now_us);
  if (decided.refusal) return command.reply.send(std::move(*decided.refusal));
  if (decided.duplicate_at) {
    const auto found = state_.durable.topics.find(topic);
    return command.reply.send(TopicAppended{*decided.duplicate_at, found->second.start, true});
  }
  if (decided.is_in_flight) {
    const auto same = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& one) {
      const auto& batch = one.second.batch;
      return batch && batch->topic == topic && batch->producer == number.producer &&
             batch->epoch == number.epoch && batch->sequence == number.sequence;
    });
    same->second.appended.push_back(std::move(command.reply));
    return;
  }
  Waiting waiting;
  waiting.appended.push_back(std::move(command.reply));
  log(std::move(decided.decision), std::move(waiting));
}

void TopicDesk::handle(MakeTopicCommand& command, Room room, TimeUs now_us) {
  log(decide_topic(state_, command.name, command.options, command.updates, room, now_us),
      command.reply);
}

void TopicDesk::handle(RemoveTopicCommand& command, Room, TimeUs now_us) {
  const TopicDecision could = decide_topic_removal(state_, command.name, now_us);
  if (could.refusal) return command.reply.send(*could.refusal);
  if (!state_.live.removing_topics.insert(command.name).second) {
    return command.reply.send(
        Error{ErrorCode::not_found, "topic " + command.name + " is being removed already"});
  }
  removals_.emplace(command.name, std::move(command.reply));
  go_on_removing();
}

// A batch that is durable behind the removal would belong to nothing.
void TopicDesk::go_on_removing() {
  std::vector<std::string> ready;
  for (const auto& [name, reply] : removals_) {
    const auto batch =
        state_.live.proposed_batches.lower_bound({name, std::numeric_limits<std::int64_t>::min()});
    const bool is_awaited =
        batch != state_.live.proposed_batches.end() && batch->first.first == name;
    const bool is_in_flight = std::any_of(waiting_.begin(), waiting_.end(), [&](const auto& one) {
      return one.second.removed == name;
    });
    if (!is_awaited && !is_in_flight) ready.push_back(name);
  }
  for (const std::string& name : ready) {
    TopicDecision decision = decide_topic_removal(state_, name, state_.live.now_us);
    if (decision.refusal) {
      end_removal(name, *decision.refusal);
      continue;
    }
    Waiting waiting;
    waiting.removed = name;
    log(std::move(decision.decision), std::move(waiting));
  }
}

void TopicDesk::end_removal(const std::string& topic, const Result<void>& result) {
  state_.live.removing_topics.erase(topic);
  const auto removal = removals_.find(topic);
  if (removal == removals_.end()) return;
  TopicReply<void> reply = std::move(removal->second);
  removals_.erase(removal);
  reply.send(result);
}

void TopicDesk::handle(JoinGroupCommand& command, Room room, TimeUs now_us) {
  log(decide_subscription(state_, command.topic, command.group, command.permanent, room, now_us),
      command.reply);
}

void TopicDesk::handle(LeaveGroupCommand& command, Room, TimeUs now_us) {
  log(decide_unsubscription(state_, command.topic, command.group, now_us), command.reply);
}

void TopicDesk::handle(CommitOffsetCommand& command, Room room, TimeUs now_us) {
  log(decide_commit(state_, command.topic, command.group, command.offset, command.metadata, room,
                    now_us),
      command.reply);
}

void TopicDesk::committed(const Pending& pending) {
  const auto place = waiting_.find(pending.topic_request);
  if (place == waiting_.end()) return;
  Waiting waiting = std::move(place->second);
  waiting_.erase(place);
  if (waiting.is_trim) {
    is_trimming_ = false;
    look_us_ = looked_us_;  // perhaps not all fitted into one record
  }
  waiting.done.send(Result<void>{});
  if (!waiting.removed.empty() && !state_.durable.topics.contains(waiting.removed)) {
    end_removal(waiting.removed, {});
  }
  if (!removals_.empty()) go_on_removing();
  if (!waiting.batch) return;
  // The record has one batch, and was applied just now.
  const Topic& topic = state_.durable.topics.find(waiting.batch->topic)->second;
  bool is_duplicate = false;
  for (TopicReply<TopicAppended>& reply : waiting.appended) {
    reply.send(TopicAppended{topic.batches.back().base_offset, topic.start, is_duplicate});
    is_duplicate = true;
  }
  if (is_above(state_, state_.limits.high_water_percent)) {
    look_us_ = std::min(look_us_, looked_us_ + look_min_us);
  }
}

void TopicDesk::look(Now now) {
  if (is_trimming_ || now.steady_us < look_us_) return;
  Decision decision = decide_trim(state_, now.wall_us);
  looked_us_ = now.steady_us;
  look_us_ =
      now.steady_us +
      std::max(trim_due_in(state_, now.wall_us, look_max_us).value_or(look_max_us), look_min_us);
  if (!decision.record) return;
  is_trimming_ = true;
  Waiting waiting;
  waiting.is_trim = true;
  log(std::move(decision), std::move(waiting));
}

std::optional<SteadyUs> TopicDesk::look_due() const {
  if (is_trimming_ || !state_.keeps_topics() || state_.durable.topics.empty()) return std::nullopt;
  return look_us_;
}

// --- What is read --------------------------------------------------------------------------------

TopicRead TopicDesk::read_of(const Topic& topic) const {
  TopicRead read;
  read.start = topic.start;
  read.next = topic.next;
  return read;
}

void TopicDesk::handle(ReadTopicCommand& command, Room, TimeUs) {
  const Result<const Topic*> found = find(command.topic);
  if (!found) return command.reply.send(found.error());
  const Topic& topic = **found;
  if (command.offset < topic.start || command.offset > topic.next) {
    return command.reply.send(Error{
        ErrorCode::expired, "topic " + command.topic + " has the offsets " +
                                std::to_string(topic.start) + " to " + std::to_string(topic.next) +
                                ", was asked for " + std::to_string(command.offset)});
  }
  TopicRead read = read_of(topic);
  std::size_t bytes = 0;
  bool is_complete = true;
  for (auto batch = topic.batch_at(command.offset); batch != topic.batches.end(); ++batch) {
    const bool is_first = read.pieces.empty();
    // What a stage has written becomes a batch of its own when it is answered.
    const std::size_t size = batch->bytes + piece_overhead;
    const bool fits = bytes + size <= command.bytes_max || (is_first && command.takes_larger);
    if (!fits || read.pieces.size() == pieces_max) {
      read.has_larger = is_first;
      break;
    }
    bytes += size;
    const Body* body = state_.durable.index.body(batch->sequence);
    read.pieces.push_back({*batch, body == nullptr ? Body() : *body});
    is_complete = is_complete && body != nullptr;
  }
  if (is_complete) return command.reply.send(std::move(read));
  readings_.push_back({std::move(command), std::move(read.pieces)});
  if (readings_.size() == 1) request_bodies();
}

void TopicDesk::request_bodies() {
  while (!readings_.empty()) {
    auto wanted = std::make_shared<std::vector<WantedBody>>();
    for (const TopicPiece& piece : readings_.front().pieces) {
      const Entry* entry = state_.durable.index.find(piece.batch.sequence);
      if (!piece.body && entry != nullptr)
        wanted->push_back({piece.batch.sequence, entry->place, entry->index});
    }
    if (!wanted->empty() && reader_) {
      caf::anon_send(
          reader_, ReadMessage{std::move(wanted), state_.number,
                               caf::actor_cast<caf::strong_actor_ptr>(queue_), BodiesFor::topics});
      return;
    }
    finish_read(std::move(readings_.front()));
    readings_.pop_front();
  }
}

void TopicDesk::on_bodies(const std::vector<std::pair<Sequence, Body>>& bodies) {
  if (readings_.empty()) return;  // the queue was given up meanwhile
  Reading reading = std::move(readings_.front());
  readings_.pop_front();
  NumberMap<const Body*> found;
  for (const auto& [sequence, body] : bodies) found[sequence] = &body;
  for (TopicPiece& piece : reading.pieces) {
    const auto body = found.find(piece.batch.sequence);
    if (!piece.body && body != found.end()) piece.body = *body->second;
  }
  finish_read(std::move(reading));
  request_bodies();
}

// What was let go meanwhile is missing: those before it are the answer, or the topic begins later now.
void TopicDesk::finish_read(Reading reading) {
  const Result<const Topic*> found = find(reading.command.topic);
  if (!found) return reading.command.reply.send(found.error());
  TopicRead read = read_of(**found);
  for (TopicPiece& piece : reading.pieces) {
    if (!piece.body) break;
    read.pieces.push_back(std::move(piece));
  }
  const bool is_there = read.pieces.empty() && !reading.pieces.empty() &&
                        state_.durable.index.find(reading.pieces.front().batch.sequence) != nullptr;
  if (is_there && ++reading.reads < reads_max) {
    readings_.push_back(std::move(reading));
    return;
  }
  if (read.pieces.empty()) {
    return reading.command.reply.send(
        Error{ErrorCode::expired, "topic " + reading.command.topic + " begins at " +
                                      std::to_string(read.start) + " now, was asked for " +
                                      std::to_string(reading.command.offset)});
  }
  reading.command.reply.send(std::move(read));
}

bool TopicDesk::is_due(const TopicWatch& watch) const {
  const Result<const Topic*> found = find(watch.topic);
  return !found || watch.offset < (*found)->start || (*found)->next > watch.offset;
}

void TopicDesk::handle(WatchTopicCommand& command, Room, TimeUs) {
  if (is_due(*command.watch)) return command.watch->notify();
  // Clients that wait in vain set a new one again and again.
  if (watches_.size() >= watches_checked_at_) {
    std::erase_if(watches_, [](const auto& watch) { return watch->is_cancelled.load(); });
    watches_checked_at_ = std::max(watches_checked_min, 2 * watches_.size());
  }
  watches_.push_back(std::move(command.watch));
}

void TopicDesk::changed() {
  std::erase_if(watches_, [this](const std::shared_ptr<TopicWatch>& watch) {
    if (watch->is_cancelled) return true;
    if (!is_due(*watch)) return false;
    watch->notify();
    return true;
  });
}

void TopicDesk::handle(FindTimeCommand& command, Room, TimeUs) {
  const Result<const Topic*> found = find(command.topic);
  if (!found) return command.reply.send(found.error());
  // Clients set the times, so they need not be in order.
  const auto& batches = (*found)->batches;
  const auto batch = std::find_if(batches.begin(), batches.end(), [&](const TopicBatch& one) {
    return one.timestamp_ms >= command.timestamp_ms;
  });
  command.reply.send(batch == batches.end() ? std::nullopt : std::optional(*batch));
}

void TopicDesk::handle(DescribeTopicsCommand& command, Room, TimeUs) {
  if (!state_.keeps_topics() || state_.live.quiesced) {
    return command.reply.send(
        Error{ErrorCode::not_owner, state_.name + " is being moved to another node"});
  }
  std::vector<TopicInfo> infos;
  for (const auto& [name, topic] : state_.durable.topics) {
    if (command.topic && *command.topic != name) continue;
    if (state_.live.removing_topics.contains(name)) continue;
    TopicInfo& info = infos.emplace_back();
    info.name = name;
    info.options = topic.options;
    info.start = topic.start;
    info.next = topic.next;
    info.bytes = topic.bytes;
    for (const auto& [group_name, group] : topic.groups) {
      if (command.group && *command.group != group_name) continue;
      info.groups.push_back({group_name, command.names_only ? TopicGroup() : group});
      info.groups.back().state.is_permanent = group.is_permanent;
    }
  }
  command.reply.send(std::move(infos));
}

void TopicDesk::pause() {
  for (const std::shared_ptr<TopicWatch>& watch : std::exchange(watches_, {})) {
    if (!watch->is_cancelled) watch->notify();
  }
  if (readings_.empty()) return;
  // The bodies of the first one are on their way, and belong to nobody any more.
  readings_.erase(readings_.begin() + 1, readings_.end());
  readings_.front() = Reading();
}

void TopicDesk::end() {
  pause();
  // Their records may still become durable, and nobody here will know.
  const Error unknown{ErrorCode::timeout, state_.name + " ended before the answer was durable"};
  for (auto& [request, waiting] : waiting_) {
    for (TopicReply<TopicAppended>& reply : waiting.appended) reply.send(unknown);
    waiting.done.send(unknown);
  }
  waiting_.clear();
  for (auto& [name, reply] : removals_) reply.send(unknown);
  removals_.clear();
}

}  // namespace millrace::queues
