// The figures of a queue over its shards.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "actors/assembly/node_actors.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "actors/queue/shell/queue_messages.hpp"
#include "actors/runtime/runtime.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Adds what the queue of one shard has answered.
inline void add(const Result<queues::QueueStatus>& answer, std::uint32_t shard, QueueInfo& info) {
  if (!answer) {
    info.shards.push_back({shard, 0});
    ++info.unanswered;
    return;
  }
  const queues::QueueStatus& status = *answer;
  info.shards.push_back({shard, status.ledger.queued()});
  info.ledger += status.ledger;
  info.ledger.duplicates += status.duplicates;
  info.bytes += status.bytes;
  info.in_flight += status.in_flight;
  info.timers += status.timers;
  info.is_blocked = info.is_blocked || status.is_blocked;
  info.is_above_high_water = info.is_above_high_water || status.is_above_high_water;
  if (status.pauses) {
    status.pauses->for_each([&](const std::string& key, const queues::Pause& pause) {
      info.paused.push_back({shard, key, pause});
    });
  }
  if (status.oldest_born_us != 0 &&
      (info.oldest_born_us == 0 || status.oldest_born_us < info.oldest_born_us)) {
    info.oldest_born_us = status.oldest_born_us;
  }
}

/// All queues and outboxes of a node, as Runtime::queues().
inline std::vector<QueueInfo> ask_queues(ActorSystem& system, const NodeActors& actors,
                                         std::chrono::milliseconds within) {
  std::vector<pb::Declaration> declarations = actors.declarations();
  std::erase_if(declarations, [](const pb::Declaration& one) { return one.staged(); });
  std::vector<queues::QueueHandle> handles;
  handles.reserve(declarations.size());
  for (const pb::Declaration& one : declarations) handles.push_back(actors.handle(one.number()));
  const auto answers =
      ask_all<queues::QueueStatus>(system, handles, queues::InspectMessage{}, within);
  std::map<std::string, QueueInfo> infos;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const pb::Declaration& declaration = declarations[i];
    QueueInfo& info = infos[declaration.name()];
    info.name = declaration.name();
    info.type = declaration.type();
    info.is_dead_letter = declaration.dead_letters();
    info.is_outbox = declaration.has_outbox();
    info.is_unnamed = !actors.is_named(declaration);
    add(answers[i], declaration.shard(), info);
  }
  std::vector<QueueInfo> out;
  out.reserve(infos.size());
  for (auto& [name, info] : infos) out.push_back(std::move(info));
  return out;
}

}  // namespace millrace
