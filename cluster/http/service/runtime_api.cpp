#include "cluster/http/service/runtime_api.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "actors/base/names.hpp"
#include "actors/pipeline/wiring.hpp"
#include "actors/runtime/defined_queues.hpp"
#include "cluster/http/service/parsed_offer.hpp"
#include "messages/hash.hpp"

namespace millrace::http {
namespace {

/// Queues forget a producer that is idle for a week; a sender gives up its name long before.
constexpr DurationUs link_idle_max_us = 24 * 3'600'000'000LL;

/// For pages that show the queues: shorter than a client waits.
constexpr std::chrono::seconds look_timeout{3};

/// After these a sender sends no more; the next message gets a new one.
bool ends_sender(ErrorCode code) {
  return code == ErrorCode::fenced || code == ErrorCode::unknown_producer ||
         code == ErrorCode::draining;
}

/// Whether the message can never be taken, wherever it is offered.
bool is_of_message(ErrorCode code) {
  return code == ErrorCode::invalid_argument || code == ErrorCode::too_large ||
         code == ErrorCode::key_reused;
}

Error key_reused(const OfferRequest& request) {
  return {ErrorCode::key_reused, "Idempotency-Key: " + request.queue +
                                     " accepted another message under this key; use a new one, or "
                                     "send the same message"};
}

}  // namespace

RuntimeApi::RuntimeApi(Runtime& runtime, ClusterView& cluster, PeerAsker* peers)
    : runtime_(runtime), cluster_(cluster), peers_(peers) {
  add_targets(runtime_.defined_queues().pipelines());
}

void RuntimeApi::add_targets(const std::vector<PipelineSpec>& pipelines) {
  std::map<std::string, KeyOf> keys;
  for (const PipelineSpec& pipeline : pipelines) {
    for (const StageSpec& stage : pipeline.stages) {
      if (stage.source.key_of) keys[stage.source.name] = stage.source.key_of;
      for (const QueueSpec& queue : stage.targets) {
        if (queue.key_of) keys[queue.name] = queue.key_of;
      }
    }
  }
  for (const WiredQueue& queue : analyse_wiring(pipelines).queues) {
    auto& target = targets_[queue.name];
    if (target) continue;
    target = std::make_shared<Target>();
    target->type = queue.type;
    target->is_dead_letter = queue.is_dead_letter;
    if (const auto key = keys.find(queue.name); key != keys.end()) target->key_of = key->second;
  }
}

std::shared_ptr<RuntimeApi::Target> RuntimeApi::target_of(const std::string& queue) {
  {
    const std::shared_lock lock(targets_mutex_);
    const auto found = targets_.find(queue);
    if (found != targets_.end()) return found->second;
  }
  if (!runtime_.defined_queues().is_ready(queue)) return nullptr;
  const std::lock_guard lock(targets_mutex_);
  add_targets(runtime_.defined_queues().pipelines());
  return targets_[queue];
}

RuntimeApi::~RuntimeApi() = default;

NodeStatus RuntimeApi::status() {
  NodeStatus status = cluster_.status();
  status.is_storage_full = runtime_.is_storage_full();
  status.clock_steps = runtime_.clock_steps();
  return status;
}

Result<void> RuntimeApi::ready() {
  if (auto ready = cluster_.ready(); !ready) return ready;
  if (const auto conflicts = this->conflicts(); !conflicts.empty()) {
    const ShardConflict& first = conflicts.front();
    return Error{ErrorCode::fenced, "this node holds shard " + std::to_string(first.shard) +
                                        " of " + first.queue + ", which " + first.owner +
                                        " owns (" + std::to_string(conflicts.size()) +
                                        " conflicts in all): an operator must decide"};
  }
  if (!runtime_.is_log_reachable()) {
    return Error{ErrorCode::log_unreachable,
                 "the log cannot be reached: nothing is confirmed until it is"};
  }
  if (!runtime_.is_storage_full()) return {};
  return Error{ErrorCode::storage_full,
               "the disk is short of room: new messages are refused, accepted work goes on"};
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

// Requests for readiness are frequent, and the number of shards is large: looked up once a second.
std::vector<ShardConflict> RuntimeApi::conflicts() {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(conflicts_mutex_);
  if (conflicts_at_ && now - *conflicts_at_ < std::chrono::seconds(1)) return conflicts_;
  const std::string self = cluster_.status().node;
  conflicts_.clear();
  for (auto& [queue, shard] : runtime_.served()) {
    std::string owner = cluster_.owner(queue, shard);
    if (owner.empty() || owner == self) continue;
    conflicts_.push_back({std::move(queue), shard, std::move(owner)});
  }
  conflicts_at_ = now;
  return conflicts_;
}

Result<void> RuntimeApi::move_shard(const std::string& role, std::uint32_t shard,
                                    const std::string& to) {
  return cluster_.move_shard(role, shard, to);
}

std::vector<QueueInfo> RuntimeApi::queues() {
  return runtime_.queues(look_timeout);
}

std::vector<PipelineGraph> RuntimeApi::pipelines() {
  std::vector<PipelineGraph> graphs;
  for (const PipelineSpec& pipeline : runtime_.defined_queues().pipelines()) {
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
  const auto target = target_of(queue);
  return target ? target->type : std::string();
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

/// Ends an offer in flight when its confirmation was called, or destroyed.
struct RuntimeApi::Ending {
  Ending(std::shared_ptr<Target> of, queues::KeyedOffer under)
      : target(std::move(of)), keyed(std::move(under)) {}
  ~Ending() { target->in_flight.end(keyed, outcome); }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

  const std::shared_ptr<Target> target;
  const queues::KeyedOffer keyed;
  Result<Offered> outcome =
      Error{ErrorCode::timeout, "nobody knows whether the message is durable"};
};

Result<void> RuntimeApi::offer(const OfferRequest& request, OfferDone done) {
  const std::shared_ptr<Target> target = target_of(request.queue);
  if (!target) return Error{ErrorCode::not_found, "no pipeline has a queue " + request.queue};
  if (target->is_dead_letter) {
    return Error{ErrorCode::invalid_argument,
                 request.queue + " takes dead letters, and no messages from outside"};
  }
  auto parsed = parse_offer(request, target->type, target->key_of);
  if (!parsed) return parsed.error();
  auto& [key, payload] = *parsed;
  const queues::KeyedOffer keyed{std::move(key), request.idempotency_key, hash_payload(payload)};
  if (keyed.idempotency_key.empty()) {
    return send(request, target, keyed, std::move(payload), std::move(done));
  }
  switch (target->in_flight.begin(keyed, done)) {
    case queues::KeyUse::duplicate:
      return {};
    case queues::KeyUse::other:
      return key_reused(request);
    case queues::KeyUse::none:
      break;
  }
  const auto ending = std::make_shared<Ending>(target, keyed);
  auto sent = send(request, target, keyed, std::move(payload),
                   [ending, done = std::move(done)](const Result<Offered>& outcome) {
                     done(outcome);
                     ending->outcome = outcome;
                   });
  if (!sent) ending->outcome = sent.error();
  return sent;
}

Result<void> RuntimeApi::send(const OfferRequest& request, const std::shared_ptr<Target>& target,
                              const queues::KeyedOffer& keyed, std::string payload,
                              OfferDone done) {
  auto link = link_to(request.queue, *target);
  if (!link) return link.error();
  MessageOptions options = request.options;
  options.idempotency_key = keyed.idempotency_key;
  Offered offered{.queue = request.queue, .key = keyed.key, .shard = 0};
  offered.shard = (*link)->shard_for(offered.key, options);
  if (cluster_.owner(request.queue, offered.shard).empty()) {
    return no_owner(request.queue, offered.shard);
  }
  const std::uint64_t bytes = payload.size() + offered.key.size();
  // A sender waits for room; a caller from outside gets a refusal.
  const auto use = runtime_.can_take(request.queue, offered.shard, bytes, keyed);
  if (!use) return use.error();
  if (*use == queues::KeyUse::other) return key_reused(request);
  if (*use == queues::KeyUse::duplicate) {
    offered.is_duplicate = true;
    done(offered);
    return {};
  }
  return pass_on(target, *link, std::move(offered), std::move(payload), std::move(options),
                 std::move(done));
}

Result<void> RuntimeApi::pass_on(const std::shared_ptr<Target>& target,
                                 const std::shared_ptr<SenderLink>& link, Offered offered,
                                 std::string payload, MessageOptions options, OfferDone done) {
  const auto settle = [target, used = std::weak_ptr<SenderLink>(link)](ErrorCode code) {
    if (!ends_sender(code)) return;
    const std::lock_guard lock(target->mutex);
    if (target->link == used.lock()) target->link.reset();
  };
  const std::uint32_t shard = offered.shard;
  std::string key = offered.key;
  auto sent = link->send_to(
      shard, std::move(key), std::move(payload), std::move(options),
      [settle, done = std::move(done), offered = std::move(offered)](const Result<void>& result) {
        if (result) return done(offered);
        settle(result.error().code);
        done(result.error());
      },
      false);
  if (!sent) settle(sent.error().code);
  return sent;
}

/// Collects what becomes of many offers.
class RuntimeApi::Collecting {
 public:
  Collecting(std::size_t offers, OffersDone done)
      : results_(offers, Error{ErrorCode::timeout, "nobody knows whether the message is durable"}),
        open_(offers),
        done_(std::move(done)) {}

  void set(std::size_t place, Result<Offered> result) {
    {
      const std::lock_guard lock(mutex_);
      results_[place] = std::move(result);
      if (--open_ > 0) return;
    }
    done_(results_);
  }

 private:
  std::mutex mutex_;
  std::vector<Result<Offered>> results_;
  std::size_t open_;
  OffersDone done_;
};

// As many calls of offer(), but the queue is asked once for each shard whether it has room.
void RuntimeApi::offer_all(std::vector<OfferRequest> requests, OffersDone done) {
  const auto collecting = std::make_shared<Collecting>(requests.size(), std::move(done));
  const std::string queue = requests.front().queue;
  const std::shared_ptr<Target> target = target_of(queue);
  const bool is_plain = target && !target->is_dead_letter;
  auto link = is_plain ? link_to(queue, *target)
                       : Result<std::shared_ptr<SenderLink>>(Error{ErrorCode::not_found, ""});
  struct Taken {
    std::size_t place = 0;
    Offered offered;
    std::string payload;
  };
  std::vector<Taken> taken;
  std::map<std::uint32_t, std::uint64_t> bytes;  // by shard
  std::optional<Error> refusal;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    OfferRequest& request = requests[i];
    if (!link || !request.idempotency_key.empty()) {
      if (refusal) {
        collecting->set(i, *refusal);
        continue;
      }
      auto offered = offer(
          request, [collecting, i](const Result<Offered>& result) { collecting->set(i, result); });
      if (offered) continue;
      collecting->set(i, offered.error());
      // Later ones could overtake this one, which may be offered again. What is wrong in itself holds up
      // nothing.
      if (!is_of_message(offered.error().code)) refusal = offered.error();
      continue;
    }
    auto parsed = parse_offer(request, target->type, target->key_of);
    if (!parsed) {
      collecting->set(i, parsed.error());
      continue;
    }
    const std::uint32_t shard = (*link)->shard_for(parsed->key, request.options);
    bytes[shard] += parsed->key.size() + parsed->payload.size();
    taken.push_back(
        {i, {request.queue, std::move(parsed->key), shard}, std::move(parsed->payload)});
  }
  std::map<std::uint32_t, Error> refusals;
  for (const auto& [shard, size] : bytes) {
    if (auto room = has_room(queue, shard, size); !room) {
      refusals.emplace(shard, room.error());
    }
  }
  for (Taken& one : taken) {
    const std::uint32_t shard = one.offered.shard;
    if (const auto refused = refusals.find(shard); refused != refusals.end()) {
      collecting->set(one.place, refused->second);
      continue;
    }
    auto sent = pass_on(target, *link, std::move(one.offered), std::move(one.payload),
                        requests[one.place].options,
                        [collecting, place = one.place](const Result<Offered>& result) {
                          collecting->set(place, result);
                        });
    if (sent) continue;
    collecting->set(one.place, sent.error());
    // Later ones of its key would overtake it.
    if (!is_of_message(sent.error().code)) refusals.emplace(shard, sent.error());
  }
}

Result<void> RuntimeApi::has_room(const std::string& queue, std::uint32_t shard,
                                  std::uint64_t bytes) {
  if (cluster_.owner(queue, shard).empty()) return no_owner(queue, shard);
  const auto use = runtime_.can_take(queue, shard, bytes);
  if (!use) return use.error();
  return {};
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

Result<std::optional<std::uint64_t>> RuntimeApi::free_storage_bytes() {
  return runtime_.free_storage_bytes();
}

Result<logs::BackupInfo> RuntimeApi::back_up(const std::string& target) {
  const NodeStatus status = cluster_.status();
  logs::BackupIdentity identity{.node = status.node, .cluster = status.cluster};
  for (const Member& member : cluster_.members()) {
    if (member.is_self) identity.incarnation = member.incarnation;
  }
  return runtime_.back_up(target, std::move(identity), [this]() -> Result<void> {
    auto ready = cluster_.ready();
    if (!ready && ready.error().code == ErrorCode::draining) return ready;
    return {};
  });
}

logs::LogStats RuntimeApi::log_stats() {
  return runtime_.log_stats();
}

UpkeepStats RuntimeApi::upkeep_stats() {
  return runtime_.upkeep_stats();
}

std::vector<StageCounts> RuntimeApi::stages() {
  return runtime_.stage_counts();
}

Result<std::shared_ptr<TopicsApi>> RuntimeApi::topics() {
  const std::lock_guard lock(topics_mutex_);
  if (topics_) return topics_;
  return NodeApi::topics();
}

void RuntimeApi::set_topics(std::shared_ptr<TopicsApi> topics) {
  const std::lock_guard lock(topics_mutex_);
  topics_ = std::move(topics);
}

}  // namespace millrace::http
