#include "actors/testing/test_node.hpp"

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/pipeline/validate.hpp"
#include "actors/receiver/running_table.hpp"
#include "actors/sender/shell/sender_actor.hpp"
#include "actors/testing/value_or_throw.hpp"
#include "messages/hash.hpp"

namespace millrace {
TestNode::TestNode(DeterministicActorSystem& system, std::vector<PipelineSpec> pipelines,
                   TestNodeOptions options)
    : system_(system), pipelines_(std::move(pipelines)), options_(std::move(options)) {
  log_ = options_.make_log ? options_.make_log() : std::make_unique<MemoryLog>();
  if (auto valid = validate(pipelines_); !valid) throw std::invalid_argument(valid.error().message);
  wiring_ = analyse_wiring(pipelines_);
}

Store TestNode::recover() {
  if (!options_.make_table) return log_->replay();
  states_ = std::make_unique<states::StateStore>(options_.make_table());
  keeper_ = std::make_unique<states::StateKeeper>(
      *states_, [this](const Error& error) { violation_ = error.message; }, false);
  Store store({.body_cache_bytes = ~std::uint64_t{0},
               .state_cache_bytes = options_.limits.state_cache_bytes});
  store.use(*states_, Store::Keys::on_disk);
  log_->replay_into(store);
  if (auto recovered = store.recovered(log_->records().size()); !recovered) {
    throw std::invalid_argument(recovered.error().message);
  }
  return store;
}

Result<void> TestNode::start() {
  if (auto opened = log_->reopen(); !opened) return opened;
  Store store = recover();
  RuntimeOptions runtime;
  runtime.shards = options_.shards;
  runtime.limits = options_.limits;
  runtime.limits.body_cache_bytes = ~std::uint64_t{0};
  Federation* const federation = options_.federation;
  std::vector<pb::ShardRecord> shard_records;
  if (federation != nullptr) {
    runtime.serves = [federation](const std::string& queue, std::uint32_t shard) {
      return federation->serves(queue, shard);
    };
    shard_records = federation->recovered(store.shards(), store.declarations());
  }
  runtime.outbox_producer = options_.name;
  runtime.generation = options_.first_generation + starts_++;
  runtime.accepts_loss = options_.accepts_loss;
  NodePlan plan = value_or_throw(plan_node(wiring_, pipelines_, store, runtime));
  plan.shard_records = std::move(shard_records);
  const Clock& clock = options_.clock != nullptr ? *options_.clock : system_;
  bool drained = false;
  const auto calls = receivers::RunningTable::read(*running_, drained);
  add_suspects(plan, store, calls, drained);
  for (const auto& record : start_records(plan, store, clock.now_us())) {
    if (auto added = log_->append(record->SerializeAsString()); !added) {
      log_->crash();
      return added;
    }
  }
  std::shared_ptr<receivers::RunningTable> running;
  if (options_.notes_running) {
    running_ = std::make_shared<std::vector<std::uint64_t>>(running_words(plan));
    running = std::make_shared<receivers::RunningTable>(*running_, running_);
  }
  actors_ = std::make_unique<NodeActors>(NodeActors::Surroundings{.system = &system_.system(),
                                                                  .log = log_.get(),
                                                                  .clock = &clock,
                                                                  .seed = options_.seed,
                                                                  .running = running,
                                                                  .threads = false,
                                                                  .states = keeper_.get(),
                                                                  .federation = federation,
                                                                  .outdated = options_.on_outdated,
                                                                  .on_violation =
                                                                      [this](const auto& text) {
                                                                        violation_ = text;
                                                                      }},
                                         std::move(plan));
  log_->connect(*actors_);
  moves_ = std::make_unique<ShardMoves>(system_.system(), *actors_, *log_, clock);
  moves_->recovered(store.shards());
  actors_->spawn_queues(store, {});
  if (federation == nullptr || !federation->must_compare()) serve();
  return {};
}

void TestNode::serve() {
  if (is_stopping_) return;
  serves_ = true;
  actors_->spawn_receivers();
  actors_->spawn_forwarders();
  for (auto& [queue, client] : clients_) {
    if (client.epoch > 1) client.former = open_link(queue, client, client.epoch - 1);
  }
}

void TestNode::drain() {
  if (!actors_) return;
  for (const pb::Declaration& declaration : actors_->declarations()) {
    tell(actors_->handle(declaration.number()), queues::DrainMessage{});
  }
  actors_->flush();
}

void TestNode::stop() {
  if (!actors_) return;
  serves_ = false;
  is_stopping_ = true;
  log_->crash();
  for (auto& [queue, client] : clients_) {
    for (Link* const each : {&client.link, &client.former}) {
      end_actor(each->actor);
      *each = {};
    }
    client.is_ready = false;
  }
  actors_->end();
  system_.drain();
  log_->crash();  // discards what actors proposed as they ended
  moves_.reset();
  actors_.reset();
  keeper_.reset();
  states_.reset();
  is_stopping_ = false;
}

TestNode::Link TestNode::open_link(const std::string& queue, const Client& client,
                                   std::uint64_t epoch) {
  auto actor = std::make_shared<AnyActor>();
  Link link;
  link.inbox = std::make_shared<senders::SenderInbox>(
      senders::SenderInbox::Window{~0u}, [actor] { tell(*actor, senders::WakeMessage{}); });
  link.actor = value_or_throw(actors_->spawn_sender(
      queue, client.type, {.producer = options_.name + "/test", .epoch = epoch}, link.inbox));
  *actor = link.actor;
  return link;
}

void TestNode::connect(const std::string& queue, Client& client) {
  client.link = open_link(queue, client, client.epoch);
  client.is_ready = false;
}

void TestNode::connect() {
  for (auto& [queue, client] : clients_) {
    if (serves_ && !client.link.actor) connect(queue, client);
  }
}

void TestNode::take_over(const std::string& queue) {
  const auto found = clients_.find(queue);
  if (!actors_ || found == clients_.end() || !found->second.is_ready) return;
  Client& client = found->second;
  if (client.former.actor) {
    end_actor(client.former.actor);
  }
  client.former = std::move(client.link);
  client.link = open_link(queue, client, ++client.epoch);
  client.is_ready = false;
}

bool TestNode::send_late(const std::string& queue, pb::Envelope envelope) {
  const auto found = clients_.find(queue);
  if (found == clients_.end()) return false;
  Client& client = found->second;
  if (!client.former.inbox || client.attached_epoch < client.epoch) return false;
  const auto ready = client.former.inbox->wait_ready(std::chrono::microseconds(0));
  if (ready) {  // attached
    const std::uint32_t shard = shard_of(envelope.key(), options_.shards);
    std::ignore =
        client.former.inbox->push({shard, std::make_unique<pb::Envelope>(std::move(envelope)), {}});
  } else if (ready.error().code != ErrorCode::timeout) {  // refused: attach again
    end_actor(client.former.actor);
    client.former = open_link(queue, client, client.epoch - 1);
  }
  return true;
}

bool TestNode::poll_clients() {
  bool found_work = false;
  for (auto& [queue, client] : clients_) {
    if (!actors_ || !client.link.actor || client.is_ready) continue;
    const auto settled = client.link.inbox->wait_ready(std::chrono::microseconds(0));
    if (!settled) continue;
    client.is_ready = found_work = true;
    client.attached_epoch = client.epoch;
    check_settled(queue, client, *settled);
    for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
      for (std::size_t i = (*settled)[shard]; i < client.sent[shard].size(); ++i) {
        offer(client, shard, i);
      }
    }
  }
  return found_work;
}

void TestNode::check_settled(const std::string& queue, Client& client,
                             const std::vector<std::uint64_t>& settled) {
  for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
    std::uint64_t& confirmed = client.confirmed[shard];
    if (settled[shard] < confirmed || settled[shard] > client.sent[shard].size()) {
      violation_ = options_.name + " settled " + std::to_string(settled[shard]) + " messages for " +
                   queue + " in shard " + std::to_string(shard) + ", of " +
                   std::to_string(client.sent[shard].size()) + " that were sent and " +
                   std::to_string(confirmed) + " that were confirmed";
    }
    confirmed = std::max(confirmed, settled[shard]);
  }
}

void TestNode::send(const std::string& queue, const std::string& type, pb::Envelope envelope) {
  auto [it, is_new] = clients_.try_emplace(queue);
  Client& client = it->second;
  if (is_new) {
    client.type = type;
    client.sent.resize(options_.shards);
    client.confirmed.resize(options_.shards);
    if (serves_) connect(queue, client);
  }
  const std::uint32_t shard =
      envelope.key().empty() ? 0 : shard_of(envelope.key(), options_.shards);
  client.sent[shard].push_back(std::move(envelope));
  if (actors_ && client.is_ready) offer(client, shard, client.sent[shard].size() - 1);
}

void TestNode::offer(Client& client, std::uint32_t shard, std::size_t index) {
  const auto confirmed = [&client, shard, index](const Result<void>& done) {
    if (done) client.confirmed[shard] = std::max<std::uint64_t>(client.confirmed[shard], index + 1);
  };
  senders::UnsentMessage message{.shard = shard, .envelope = {}, .confirmation = confirmed};
  message.envelope = std::make_unique<pb::Envelope>(client.sent[shard][index]);
  const auto pushed = client.link.inbox->push(std::move(message));
  if (!pushed) violation_ = options_.name + ": " + pushed.error().message;
}

std::vector<pb::Envelope> TestNode::confirmed(const std::string& queue) const {
  std::vector<pb::Envelope> confirmed;
  const auto found = clients_.find(queue);
  if (found == clients_.end()) return confirmed;
  const Client& client = found->second;
  for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
    const auto& sent = client.sent[shard];
    confirmed.insert(confirmed.end(), sent.begin(),
                     sent.begin() + static_cast<std::ptrdiff_t>(client.confirmed[shard]));
  }
  return confirmed;
}

std::uint64_t TestNode::confirmed(const std::string& queue, std::uint32_t shard) const {
  const auto found = clients_.find(queue);
  return found == clients_.end() ? 0 : found->second.confirmed[shard];
}

std::vector<queues::QueueNumber> TestNode::served(const std::string& queue) const {
  std::vector<queues::QueueNumber> served;
  for (std::uint32_t shard = 0; shard < options_.shards; ++shard) {
    const LocalQueue local = value_or_throw(actors_->served(queue, shard));
    if (local.handle) served.push_back(local.number);
  }
  return served;
}

}  // namespace millrace
