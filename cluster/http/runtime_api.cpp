#include "cluster/http/runtime_api.hpp"

#include <future>
#include <utility>

#include "actors/base/random_name.hpp"
#include "actors/pipeline/wiring.hpp"
#include "cluster/http/routes/json_message.hpp"

namespace millrace::http {
namespace {

/// Queues forget a producer that is idle for a week; a sender gives up its name long before.
constexpr DurationUs link_idle_max_us = 24 * 3'600'000'000LL;

/// After these a sender sends no more; the next message gets a new one.
bool ends_sender(ErrorCode code) {
  return code == ErrorCode::fenced || code == ErrorCode::unknown_producer ||
         code == ErrorCode::draining;
}

}  // namespace

RuntimeApi::RuntimeApi(Runtime& runtime, std::vector<PipelineSpec> pipelines, ClusterView& cluster,
                       std::chrono::microseconds offer_timeout)
    : runtime_(runtime),
      pipelines_(std::move(pipelines)),
      cluster_(cluster),
      offer_timeout_(offer_timeout) {
  for (const WiredQueue& queue : analyse_wiring(pipelines_).queues) {
    auto& target = targets_[queue.name];
    target = std::make_unique<Target>();
    target->type = queue.type;
    target->is_dead_letter = queue.is_dead_letter;
  }
  const auto note_key = [this](const QueueSpec& queue) {
    if (queue.key_of) targets_.at(queue.name)->key_of = queue.key_of;
  };
  for (const PipelineSpec& pipeline : pipelines_) {
    for (const StageSpec& stage : pipeline.stages) {
      note_key(stage.source);
      for (const QueueSpec& queue : stage.targets) note_key(queue);
    }
  }
}

RuntimeApi::~RuntimeApi() = default;

NodeStatus RuntimeApi::status() {
  NodeStatus status = cluster_.status();
  status.is_storage_full = runtime_.is_storage_full();
  return status;
}

Result<void> RuntimeApi::ready() {
  return cluster_.ready();
}

std::vector<Member> RuntimeApi::members() {
  return cluster_.members();
}

Result<void> RuntimeApi::drain() {
  return cluster_.drain();
}

std::vector<ShardView> RuntimeApi::shards() {
  return cluster_.shards();
}

Result<void> RuntimeApi::move_shard(const std::string& role, std::uint32_t shard,
                                    const std::string& to) {
  return cluster_.move_shard(role, shard, to);
}

std::vector<QueueInfo> RuntimeApi::queues() {
  return runtime_.queues();
}

std::vector<PipelineGraph> RuntimeApi::pipelines() {
  std::vector<PipelineGraph> graphs;
  for (const PipelineSpec& pipeline : pipelines_) {
    PipelineGraph& graph = graphs.emplace_back();
    graph.name = pipeline.name;
    for (const StageSpec& stage : pipeline.stages) {
      StageNode& node = graph.stages.emplace_back();
      node.name = stage.name;
      node.source = stage.source.name;
      for (const QueueSpec& target : stage.targets) node.targets.push_back(target.name);
      node.dead_letter = dead_letter_queue(stage);
      node.workers = stage.options.workers;
    }
  }
  return graphs;
}

std::string RuntimeApi::type_of(const std::string& queue) {
  const auto target = targets_.find(queue);
  return target == targets_.end() ? std::string() : target->second->type;
}

Result<std::shared_ptr<SenderLink>> RuntimeApi::link_to(const std::string& queue, Target& target) {
  const TimeUs now_us = runtime_.clock().now_us();
  const std::lock_guard lock(target.mutex);
  if (!target.link || now_us - target.link_used_us > link_idle_max_us) {
    // A name of its own: nobody is fenced, and no number is taken for a repeat.
    auto opened = runtime_.sender_link(queue, {.producer = "http/" + random_name()});
    if (!opened) return opened.error();
    target.link = std::move(*opened);
  }
  target.link_used_us = now_us;
  return target.link;
}

Result<Offered> RuntimeApi::offer(const OfferRequest& request) {
  const auto found = targets_.find(request.queue);
  if (found == targets_.end()) {
    return Error{ErrorCode::not_found, "no pipeline has a queue " + request.queue};
  }
  Target& target = *found->second;
  if (target.is_dead_letter) {
    return Error{ErrorCode::invalid_argument,
                 request.queue + " takes dead letters, and no messages from outside"};
  }
  auto message = message_from_json(target.type, request.json);
  if (!message) return message.error();
  Offered offered{.queue = request.queue, .key = {}, .shard = 0};
  if (request.key) {
    offered.key = *request.key;
  } else if (target.key_of) {
    offered.key = target.key_of(**message);
  }
  std::string payload = (*message)->SerializeAsString();
  auto link = link_to(request.queue, target);
  if (!link) return link.error();
  MessageOptions options;
  options.idempotency_key = request.idempotency_key;
  offered.shard = (*link)->shard_for(offered.key, options);
  const std::uint64_t bytes = payload.size() + offered.key.size();
  // A sender waits for room; a caller from outside is told that there is none.
  if (auto room = runtime_.can_take(request.queue, offered.shard, bytes); !room) {
    return room.error();
  }
  auto durable = std::make_shared<std::promise<Result<void>>>();
  auto answer = durable->get_future();
  auto sent = (*link)->send_to(
      offered.shard, offered.key, std::move(payload), std::move(options),
      [durable](const Result<void>& result) { durable->set_value(result); }, false);
  if (sent) {
    if (answer.wait_for(offer_timeout_) != std::future_status::ready) {
      return Error{ErrorCode::timeout, request.queue +
                                           " did not confirm the message in time; it may be queued "
                                           "yet: offer it again under its idempotency key"};
    }
    sent = answer.get();
  }
  if (sent) return offered;
  if (ends_sender(sent.error().code)) {
    const std::lock_guard lock(target.mutex);
    if (target.link == *link) target.link.reset();
  }
  return sent.error();
}

Result<std::vector<MessageView>> RuntimeApi::peek(const std::string& queue, std::uint64_t max,
                                                  const MessageFilter& filter) {
  return runtime_.peek(queue, max, filter);
}

Result<Removed> RuntimeApi::redrive(const std::string& queue, const MessageFilter& filter,
                                    std::uint64_t max) {
  return runtime_.redrive(queue, filter, max);
}

Result<Removed> RuntimeApi::drop(const std::string& queue, const MessageFilter& filter,
                                 std::uint64_t max) {
  return runtime_.drop(queue, filter, max);
}

Result<KeyView> RuntimeApi::key(const std::string& queue, const std::string& key) {
  return runtime_.key(queue, key);
}

std::optional<Member> RuntimeApi::owner(const std::string& queue, const std::string& key) {
  const std::string name = cluster_.owner(queue, shard_of(key, runtime_.shards()));
  for (Member& member : cluster_.members()) {
    if (!name.empty() && member.name == name) return std::move(member);
  }
  return std::nullopt;
}

std::string RuntimeApi::owner_name(const std::string& queue, std::uint32_t shard) {
  return cluster_.owner(queue, shard);
}

journal::JournalStats RuntimeApi::journal() {
  return runtime_.journal_stats();
}

std::vector<StageCounts> RuntimeApi::stages() {
  return runtime_.stage_counts();
}

}  // namespace millrace::http
