#include "cluster/http/json/views_json.hpp"

#include <algorithm>

#include "actors/base/clock.hpp"
#include "cluster/http/json/message_json.hpp"

namespace millrace::http {

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json to_json(const NodeStatus& status, const Result<void>& ready) {
  Json json{{"node", status.node},
            {"cluster", status.cluster},
            {"version", status.version},
            {"state", status.state},
            {"ready", ready.has_value()}};
  if (!ready) {
    json["not_ready"] = {{"code", to_string(ready.error().code)},
                         {"detail", ready.error().message}};
  }
  json["storage_full"] = status.is_storage_full;
  json["certificates_end"] = time_json(status.certificates_end_us);
  json["certificates_end_soon"] =
      status.certificates_end_us != 0 &&
      SystemClock().now_us() > status.certificates_end_us - certificates_notice_us;
  json["clock_steps"] = status.clock_steps;
  json["started_at"] = time_json(status.started_at_us);
  json["shards"] = status.shards;
  json["served_shards"] = status.served_shards;
  return json;
}

Json to_json(const Member& member) {
  return {{"node", member.name},
          {"state", member.state},
          {"unreachable", member.is_unreachable},
          {"self", member.is_self},
          {"address", member.address},
          {"http", member.http},
          {"other_layout", member.has_other_layout},
          {"incarnation", member.incarnation},
          {"served_shards", member.served_shards}};
}

Json to_json(const ShardView& shard) {
  const char* const state = !shard.waits_for.empty()   ? "waiting"
                            : !shard.moving_to.empty() ? "moving"
                            : shard.epoch == 0         ? "unfounded"
                                                       : "owned";
  Json json{{"role", shard.role},   {"shard", shard.shard},        {"state", state},
            {"owner", shard.owner}, {"epoch", shard.epoch},        {"home", shard.home},
            {"nodes", shard.nodes}, {"moving_to", shard.moving_to}};
  if (!shard.waits_for.empty()) json["waits_for"] = shard.waits_for;
  if (shard.last_failure) {
    json["last_failure"] = {{"code", to_string(shard.last_failure->code)},
                            {"detail", shard.last_failure->message}};
  }
  return json;
}

Json to_json(const QueueInfo& queue, TimeUs now_us) {
  std::size_t paused = 0;
  for (const QueueInfo::Paused& each : queue.paused) paused += each.key.empty() ? 1U : 0U;
  Json json{{"queue", queue.name},
            {"type", queue.type},
            {"dead_letters", queue.is_dead_letter},
            {"outbox", queue.is_outbox},
            {"unnamed", queue.is_unnamed},
            {"shards", queue.shards.size()},
            {"unanswered", queue.unanswered},
            {"queued", queue.ledger.queued()},
            {"in_flight", queue.in_flight},
            {"offered", queue.ledger.offered},
            {"acked", queue.ledger.acked},
            {"dead", queue.ledger.dead},
            {"dropped", queue.ledger.dropped},
            {"duplicates", queue.ledger.duplicates},
            {"redelivered", queue.ledger.redelivered},
            {"timers", queue.timers},
            {"bytes", queue.bytes},
            {"blocked", queue.is_blocked},
            {"above_high_water", queue.is_above_high_water},
            {"paused_shards", paused},
            {"paused_keys", queue.paused.size() - paused}};
  json["oldest_age_s"] =
      queue.oldest_born_us == 0
          ? Json()
          : Json(static_cast<double>(std::max<TimeUs>(now_us - queue.oldest_born_us, 0)) / 1e6);
  return json;
}

Json to_json(const PipelineGraph& pipeline) {
  Json stages = Json::array();
  for (const StageNode& stage : pipeline.stages) {
    stages.push_back({{"stage", stage.name},
                      {"source", stage.source},
                      {"targets", stage.targets},
                      {"dead_letters", stage.dead_letter},
                      {"workers", stage.workers}});
  }
  return {{"pipeline", pipeline.name}, {"stages", std::move(stages)}};
}

Json to_json(const Offered& offered) {
  Json json{{"queue", offered.queue}, {"shard", offered.shard}, {"key", offered.key}};
  if (offered.is_duplicate) json["duplicate"] = true;
  return json;
}

}  // namespace millrace::http
