#include "cluster/http/metrics/metrics_page.hpp"

#include <algorithm>

#include "actors/base/clock.hpp"
#include "actors/base/log_queue.hpp"
#include "cluster/http/metrics/metric_families.hpp"

namespace millrace::http {
namespace {

constexpr std::string_view outbox_prefix = "outbox/";

double number(std::uint64_t value) {
  return static_cast<double>(value);
}

double age_s(TimeUs born_us) {
  const TimeUs now_us = SystemClock().now_us();
  return born_us == 0 ? 0 : static_cast<double>(std::max<TimeUs>(now_us - born_us, 0)) / 1e6;
}

void add_queue(MetricFamilies& out, const QueueInfo& queue) {
  const Labels labels{{"queue", queue.name}};
  const auto& ledger = queue.ledger;
  out.counter("millrace_queue_offered_messages_total", "Messages that became durable in the queue.",
              labels, number(ledger.offered));
  out.counter("millrace_queue_acked_messages_total", "Messages done with effect.", labels,
              number(ledger.acked));
  out.counter("millrace_queue_redelivered_messages_total",
              "Failures after which a message was queued again.", labels,
              number(ledger.redelivered));
  out.counter("millrace_queue_dead_messages_total", "Messages given up.", labels,
              number(ledger.dead));
  out.counter("millrace_queue_duplicate_messages_total", "Offers recognised as repeats.", labels,
              number(ledger.duplicates));
  out.gauge("millrace_queue_unanswered_shards", "Shards of the queue that do not answer.", labels,
            number(queue.unanswered));
  // What is missing from a sum is not zero: no value is better than a wrong one.
  if (queue.unanswered > 0) return;
  if (queue.is_unnamed) {
    out.gauge("millrace_queue_unnamed_messages", "Live messages of a queue that no pipeline names.",
              labels, number(ledger.queued()));
  }
  std::uint64_t paused = 0;
  for (const QueueInfo::Paused& each : queue.paused) paused += each.key.empty() ? 1 : 0;
  out.gauge("millrace_queue_paused_shards", "Shards of the queue that an operator has paused.",
            labels, number(paused));
  out.gauge("millrace_queue_paused_keys", "Keys of the queue that an operator has paused.", labels,
            number(queue.paused.size() - paused));
  out.gauge("millrace_queue_ready_messages", "Live messages that nobody holds.", labels,
            number(ledger.queued() - std::min(ledger.queued(), queue.in_flight)));
  out.gauge("millrace_queue_leased_messages", "Live messages in the hands of a receiver.", labels,
            number(queue.in_flight));
  out.gauge("millrace_queue_oldest_message_age_seconds",
            "Age of the oldest message; 0 where there is none, or it is on disk only.", labels,
            age_s(queue.oldest_born_us));
}

void add_outboxes(MetricFamilies& out, NodeApi& api, const std::vector<QueueInfo>& queues) {
  std::map<std::string, double> messages;
  for (const Member& member : api.members()) {
    if (!member.is_self) messages[member.name] = 0;
  }
  for (const QueueInfo& queue : queues) {
    if (!queue.is_outbox || !queue.name.starts_with(outbox_prefix)) continue;
    const std::string target = queue.name.substr(outbox_prefix.size());
    for (const QueueInfo::Shard& shard : queue.shards) {
      const std::string owner = api.owner_name(target, shard.number);
      messages[owner.empty() ? "unknown" : owner] += number(shard.queued);
    }
  }
  for (const auto& [node, count] : messages) {
    out.gauge("millrace_outbox_messages", "Messages on their way to another node.", {{"to", node}},
              count);
  }
}

void add_members(MetricFamilies& out, NodeApi& api) {
  std::map<std::string, double> states{
      {"joining", 0}, {"up", 0}, {"leaving", 0}, {"removed", 0}, {"unreachable", 0}};
  for (const Member& member : api.members()) {
    states[member.is_unreachable ? "unreachable" : member.state] += 1;
  }
  for (const auto& [state, count] : states) {
    out.gauge("millrace_cluster_members", "Members of the cluster, as this node sees them.",
              {{"state", state}}, count);
  }
}

void add_conflicts(MetricFamilies& out, NodeApi& api) {
  out.gauge("millrace_conflict_shards",
            "Shards of queues that this node holds though another node owns them.", {},
            static_cast<double>(api.conflicts().size()));
}

void add_waiting(MetricFamilies& out, NodeApi& api) {
  std::uint64_t for_nodes = 0;
  std::uint64_t for_operator = 0;
  for (const WaitingShardsView& shards : api.waiting()) {
    (shards.needs_decision ? for_operator : for_nodes) += shards.shards;
  }
  constexpr const char* name = "millrace_waiting_shards";
  constexpr const char* help = "Shards of this node that nobody serves.";
  out.gauge(name, help, {{"for", "nodes"}}, number(for_nodes));
  out.gauge(name, help, {{"for", "operator"}}, number(for_operator));
  std::uint64_t others = 0;
  for (const Member& member : api.members()) others += member.has_other_layout ? 1 : 0;
  out.gauge("millrace_cluster_other_layouts",
            "Members whose nodes, weights, roles, overrides or shards differ from this node's.", {},
            number(others));
}

void add_storage(MetricFamilies& out, NodeApi& api, bool is_full) {
  out.gauge("millrace_storage_full", "1 while new messages are refused for lack of room.", {},
            is_full ? 1 : 0);
  const auto free = api.free_storage_bytes();
  if (!free || !*free) return;
  out.gauge("millrace_storage_free_bytes", "Free bytes of the disk of the data directory.", {},
            number(**free));
}

void add_node(MetricFamilies& out, const NodeStatus& status) {
  out.counter("millrace_clock_steps_total", "How often the wall clock was set by more than 1 s.",
              {}, number(status.clock_steps));
  if (status.certificates_end_us == 0) return;
  const DurationUs left_us = status.certificates_end_us - SystemClock().now_us();
  out.gauge("millrace_certificate_days_left",
            "Days until the node's certificate ends, or its authority; negative: since then.", {},
            static_cast<double>(left_us) / 86'400e6);
}

void add_journal(MetricFamilies& out, const logs::LogStats& stats) {
  out.histogram("millrace_journal_append_duration_seconds",
                "From the first append of a group until it was confirmed.", {},
                {stats.append_us, stats.append_us_sum});
  out.histogram("millrace_journal_sync_duration_seconds", "Write and sync of a group.", {},
                {stats.sync_us, stats.sync_us_sum});
  out.counter("millrace_journal_bytes_total", "Bytes written to the log.", {}, number(stats.bytes));
  out.counter("millrace_journal_syncs_total", "Groups made durable.", {}, number(stats.syncs));
}

double seconds(std::int64_t us) {
  return static_cast<double>(us) / 1e6;
}

// Of the log that records go to, not of the node's own log lines.
void add_reachability(MetricFamilies& out, const logs::LogStats& stats) {
  out.gauge("millrace_log_reachable",
            "1 while records become durable; 0 while the log's server cannot be reached.", {},
            stats.is_reachable ? 1 : 0);
  out.counter("millrace_log_outages_total", "How often the log became unreachable.", {},
              number(stats.outages));
  if (!stats.has_server) return;
  out.gauge("millrace_log_in_doubt_groups",
            "Groups of records whose commit got no answer and is not settled.", {},
            number(stats.in_doubt));
  out.counter("millrace_log_doubts_total", "Commits that came into doubt.", {},
              number(stats.doubts));
  out.gauge("millrace_seat_epoch", "Epoch under which this process holds its seat.", {},
            number(stats.epoch));
  out.gauge("millrace_seat_lease_left_seconds",
            "Until the lease of the seat ends unless it is renewed; negative: since it has ended.",
            {}, seconds(stats.lease_left_us));
}

void add_checkpoints(MetricFamilies& out, const CheckpointStats& stats) {
  out.counter("millrace_checkpoints_total", "Checkpoints that were written.", {},
              number(stats.written));
  out.counter("millrace_checkpoint_failures_total", "Checkpoints that could not be written.", {},
              number(stats.failed));
  out.counter("millrace_checkpoint_seconds_total",
              "Time that checkpoints took, from what they show until they were durable.", {},
              seconds(stats.duration_us_sum));
  if (stats.written == 0) return;
  out.gauge("millrace_checkpoint_last_duration_seconds", "Duration of the newest checkpoint.", {},
            seconds(stats.last_duration_us));
  out.gauge("millrace_checkpoint_age_seconds", "Since the newest checkpoint was written.", {},
            seconds(SystemClock().steady_us() - stats.last_at_us));
  out.gauge("millrace_checkpoint_bytes", "Size of the newest checkpoint, without state on disk.",
            {}, number(stats.last_bytes));
}

void add_states(MetricFamilies& out, const UpkeepStats& stats) {
  if (!stats.has_states) return;
  const StateStats& states = stats.states;
  out.gauge("millrace_state_disk_bytes", "Bytes of keyed state on disk, with its copies.", {},
            number(states.disk_bytes));
  out.gauge("millrace_state_items",
            "Values, ages and history entries of keyed state on disk; estimated.", {},
            number(states.items));
  out.counter("millrace_state_lookups_total", "Leases of messages that have a key.", {},
              number(states.lookups));
  out.counter("millrace_state_misses_total", "Values of keys that were read from the disk.", {},
              number(states.misses));
  out.counter("millrace_state_put_bytes_total",
              "Bytes of keyed state that were written to the server of the log.", {},
              number(states.put_bytes));
}

void add_log(MetricFamilies& out) {
  out.counter("millrace_log_lines_dropped_total",
              "Lines of the log that could not be written in time: standard error is not read.", {},
              number(log_lines_dropped()));
}

void add_stage(MetricFamilies& out, const StageCounts& stage) {
  const Labels labels{{"pipeline", stage.pipeline}, {"stage", stage.stage}};
  const auto outcome = [&](const char* name, std::uint64_t count) {
    Labels all = labels;
    all.emplace_back("outcome", name);
    out.counter("millrace_stage_messages_total", "Messages handled by the stage.", all,
                number(count));
  };
  outcome("acked", stage.acked);
  outcome("retried", stage.retried);
  outcome("rejected", stage.rejected);
  outcome("failed", stage.failed);
  outcome("postponed", stage.postponed);
  outcome("overran", stage.overran);
  out.histogram("millrace_stage_wait_duration_seconds",
                "From when a message was in its queue, and due, until its handling first began.",
                labels, stage.wait);
  out.histogram("millrace_stage_run_duration_seconds",
                "From when a message's handling began until it, and its batch, were done.", labels,
                stage.run);
  using Phase = StageCounts::Breaker::Phase;
  if (stage.breaker.phase != Phase::none) {
    out.gauge("millrace_stage_breaker_state",
              "Of the stage on this node: 0 closed, 1 recovering, 2 open.", labels,
              stage.breaker.phase == Phase::open         ? 2
              : stage.breaker.phase == Phase::recovering ? 1
                                                         : 0);
    out.counter("millrace_stage_breaker_trips_total",
                "How often the breaker has opened because most messages failed.", labels,
                number(stage.breaker.trips));
    out.counter("millrace_stage_breaker_probes_total",
                "Messages that were handled while the breaker was not closed.", labels,
                number(stage.breaker.probes));
  }
  if (!stage.ends_pipeline) return;
  out.histogram("millrace_pipeline_end_to_end_duration_seconds",
                "From the first offer of a line of work until its pipeline's last stage was done.",
                {{"pipeline", stage.pipeline}}, stage.end_to_end);
}

}  // namespace

std::string MetricsPage::text(NodeApi& api) {
  const NodeStatus status = api.status();
  const std::vector<QueueInfo> queues = api.queues();
  const std::lock_guard lock(mutex_);
  MetricFamilies out(highest_);
  out.gauge("millrace_build_info", "Always 1; the labels tell which program runs.",
            {{"version", status.version}}, 1);
  for (const QueueInfo& queue : queues) add_queue(out, queue);
  add_outboxes(out, api, queues);
  add_members(out, api);
  add_conflicts(out, api);
  add_waiting(out, api);
  add_storage(out, api, status.is_storage_full);
  add_node(out, status);
  const logs::LogStats log = api.log_stats();
  add_journal(out, log);
  add_reachability(out, log);
  const UpkeepStats upkeep = api.upkeep_stats();
  add_checkpoints(out, upkeep.checkpoints);
  add_states(out, upkeep);
  for (const StageCounts& stage : api.stages()) add_stage(out, stage);
  add_log(out);
  add_process_metrics(out);
  return out.text() + api.program_metrics();
}

}  // namespace millrace::http
