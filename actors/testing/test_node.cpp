#include "actors/testing/test_node.hpp"

#include <stdexcept>
#include <utility>

#include <caf/all.hpp>

#include "actors/pipeline/validate.hpp"
#include "actors/sender/sender_actor.hpp"
#include "messages/hash.hpp"

namespace millrace {
namespace {

template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw std::invalid_argument(result.error().message);
  return std::move(*result);
}

}  // namespace

TestNode::TestNode(DeterministicActorSystem& system, std::vector<PipelineSpec> pipelines,
                   TestNodeOptions options)
    : system_(system),
      pipelines_(std::move(pipelines)),
      options_(std::move(options)),
      log_([this](queues::QueueNumber number, CommitRouter::Changes changes) {
        actors_->deliver(number, std::move(changes));
      }) {
  if (auto valid = validate(pipelines_); !valid) throw std::invalid_argument(valid.error().message);
  wiring_ = analyse_wiring(pipelines_);
  if (options_.tells_before_durable) log_.tell_before_durable();
}

void TestNode::start() {
  Store store = replay();
  RuntimeOptions runtime;
  runtime.shards = options_.shards;
  runtime.limits = options_.limits;
  runtime.limits.body_cache_bytes = ~std::uint64_t{0};
  runtime.serves = options_.serves;
  runtime.outbox_producer = options_.name;
  plan_ = value_or_throw(plan_node(wiring_, pipelines_, store, runtime));
  if (!plan_.fresh.empty()) {
    pb::Record record;
    record.set_at_us(system_.now_us());
    for (const pb::Declaration& declaration : plan_.fresh) *record.add_declare() = declaration;
    log_.append(record.SerializeAsString());
  }
  actors_ = std::make_unique<NodeActors>(NodeActors::Surroundings{.system = &system_.system(),
                                                                  .log = &log_,
                                                                  .clock = &system_,
                                                                  .seed = options_.seed,
                                                                  .threads = false,
                                                                  .remote = options_.remote},
                                         plan_);
  actors_->spawn_queues(store, {});
  actors_->spawn_receivers();
  actors_->spawn_forwarders();
  for (auto& [queue, client] : clients_) connect(queue, client);
}

void TestNode::stop() {
  if (!actors_) return;
  log_.crash();
  for (auto& [queue, client] : clients_) {
    caf::anon_send_exit(client.actor, caf::exit_reason::user_shutdown);
    client.actor = {};
  }
  actors_->end();
  system_.drain();
  log_.crash();  // what actors proposed as they ended
  actors_.reset();
}

void TestNode::connect(const std::string& queue, Client& client) {
  auto actor = std::make_shared<caf::actor>();
  client.outbound = std::make_shared<senders::Outbound>(
      ~0u, [actor] { caf::anon_send(*actor, senders::WakeMessage{}); });
  client.actor = value_or_throw(actors_->spawn_sender(
      queue, client.type, {.producer = options_.name + "/test"}, client.outbound));
  *actor = client.actor;
  client.is_ready = false;
}

bool TestNode::poll_clients() {
  bool found_work = false;
  for (auto& [queue, client] : clients_) {
    if (!actors_ || client.is_ready) continue;
    const auto settled = client.outbound->wait_ready(std::chrono::microseconds(0));
    if (!settled) continue;
    client.is_ready = found_work = true;
    for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
      for (std::size_t i = (*settled)[shard]; i < client.sent[shard].size(); ++i) {
        hand_over(client, shard, client.sent[shard][i]);
      }
    }
  }
  return found_work;
}

void TestNode::send(const std::string& queue, const std::string& type, pb::Envelope envelope) {
  auto [it, is_new] = clients_.try_emplace(queue);
  Client& client = it->second;
  if (is_new) {
    client.type = type;
    client.sent.resize(options_.shards);
    if (actors_) connect(queue, client);
  }
  const std::uint32_t shard =
      envelope.key().empty() ? 0 : shard_of(envelope.key(), options_.shards);
  client.sent[shard].push_back(std::move(envelope));
  if (actors_ && client.is_ready) hand_over(client, shard, client.sent[shard].back());
}

void TestNode::hand_over(Client& client, std::uint32_t shard, const pb::Envelope& envelope) {
  const auto pushed = client.outbound->push({shard, std::make_unique<pb::Envelope>(envelope), {}});
  if (!pushed) throw std::invalid_argument(pushed.error().message);
}

Store TestNode::replay() const {
  Store store({.body_cache_bytes = ~std::uint64_t{0}});
  for (std::size_t i = 0; i < log_.records().size(); ++i) {
    const journal::Lsn lsn = i + 1;
    const auto applied = store.apply(
        {.lsn = lsn, .place = MemoryLog::place_of(lsn), .shard = 0, .body = log_.records()[i]});
    if (!applied) throw std::invalid_argument(applied.error().message);
  }
  return store;
}

std::vector<queues::QueueNumber> TestNode::served(const std::string& queue) const {
  const auto numbers = plan_.numbers.find(queue);
  if (numbers == plan_.numbers.end())
    throw std::invalid_argument("no pipeline has a queue " + queue);
  std::vector<queues::QueueNumber> served;
  for (std::uint32_t shard = 0; shard < numbers->second.size(); ++shard) {
    if (!options_.serves || options_.serves(queue, shard)) served.push_back(numbers->second[shard]);
  }
  return served;
}

}  // namespace millrace
