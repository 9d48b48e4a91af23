#include "actors/testing/pipeline_test.hpp"

#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <utility>

#include "actors/assembly/node_actors.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "actors/pipeline/validate.hpp"
#include "actors/pipeline/wiring.hpp"
#include "actors/queue/state/invariants.hpp"
#include "actors/queue/state/keyed_store.hpp"
#include "actors/receiver/running_table.hpp"
#include "actors/sender/question.hpp"
#include "actors/sender/shell/sender_actor.hpp"
#include "actors/stage/message_options.hpp"
#include "actors/testing/memory_log.hpp"
#include "actors/testing/shell/deterministic_actor_system.hpp"
#include "actors/testing/value_or_throw.hpp"
#include "messages/envelope.hpp"
#include "messages/hash.hpp"

namespace millrace {
class PipelineTest::Parts {
 public:
  Parts(std::vector<PipelineSpec> specs, PipelineTestOptions test_options)
      : options(test_options),
        pipelines(std::move(specs)),
        actors_system(test_options.seed),
        random(test_options.seed) {
    if (auto valid = validate(pipelines); !valid)
      throw std::invalid_argument(valid.error().message);
    wiring = analyse_wiring(pipelines);
    start();
    began_us = actors_system.steady_us();
  }
  ~Parts() { end(); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  /// A client of one queue. Its messages survive crashes of the node.
  struct Client {
    std::string type;
    std::shared_ptr<senders::SenderInbox> inbox;
    AnyActor actor;
    std::vector<std::vector<pb::Envelope>> sent;  ///< by shard, in order, all of them
  };

  void start();
  void end();
  void crash();
  void connect(const std::string& queue, Client& client);
  bool step();
  void run() {
    while (step()) continue;
  }
  Client& client_of(const std::string& queue, const std::string& type);
  void offer(Client& client, std::uint32_t shard, const pb::Envelope& envelope);

  /// Calls `visit` with the durable state of each shard of `queue`.
  template <class Visit>
  void visit_states(const std::string& queue, Visit visit) {
    for (std::uint32_t shard = 0; shard < options.shards; ++shard) {
      const LocalQueue served = value_or_throw(actors->served(queue, shard));
      const Store store = log.replay();
      const queues::State& state = *store.queues().at(served.number).state;
      if (std::string text = queues::check_invariants(state); !text.empty()) {
        throw std::logic_error(text);
      }
      visit(state);
    }
  }

  PipelineTestOptions options;
  std::vector<PipelineSpec> pipelines;
  Wiring wiring;
  DeterministicActorSystem actors_system;
  std::mt19937_64 random;
  MemoryLog log;
  std::unique_ptr<NodeActors> actors;
  std::map<std::string, Client> clients;
  std::uint64_t asks = 0;  ///< requests that were asked
  TimeUs began_us = 0;
  std::vector<std::uint64_t> words;  ///< of the RunningTable; survive crashes
  /// `words` when a handler ended the process; the node is to be started again. Empty: it runs.
  std::optional<std::vector<std::uint64_t>> words_at_end;
  std::string violation;  ///< an invariant that a queue violated; else empty
};

void PipelineTest::Parts::start() {
  Store store = log.replay();
  RuntimeOptions runtime;
  runtime.shards = options.shards;
  runtime.limits = options.limits;
  runtime.limits.body_cache_bytes = ~std::uint64_t{0};
  NodePlan plan = value_or_throw(plan_node(wiring, pipelines, store, runtime));
  words.resize(running_words(plan));
  bool drained = false;
  add_suspects(plan, store, receivers::RunningTable::read(words, drained), drained);
  const auto running = std::make_shared<receivers::RunningTable>(words, nullptr);
  for (const auto& record : start_records(plan, store, actors_system.now_us())) {
    if (auto added = log.append(record->SerializeAsString()); !added) {
      throw std::logic_error(added.error().message);
    }
  }
  actors = std::make_unique<NodeActors>(NodeActors::Surroundings{.system = &actors_system.system(),
                                                                 .log = &log,
                                                                 .clock = &actors_system,
                                                                 .seed = options.seed,
                                                                 .running = running,
                                                                 .threads = false,
                                                                 .on_violation =
                                                                     [this](const auto& text) {
                                                                       violation = text;
                                                                     }},
                                        std::move(plan));
  log.connect(*actors);
  actors->spawn_queues(store, {});
  actors->spawn_receivers();
  for (auto& [queue, client] : clients) connect(queue, client);
}

void PipelineTest::Parts::end() {
  for (auto& [queue, client] : clients) {
    end_actor(client.actor);
    client.actor = {};
  }
  actors->end();
  actors_system.drain();
}

void PipelineTest::Parts::crash() {
  log.crash();
  end();
  log.crash();  // discards what actors proposed as they ended
  if (words_at_end) words = *std::exchange(words_at_end, std::nullopt);
  start();
}

void PipelineTest::Parts::connect(const std::string& queue, Client& client) {
  auto actor = std::make_shared<AnyActor>();
  client.inbox = std::make_shared<senders::SenderInbox>(
      senders::SenderInbox::Window{~0u}, [actor] { tell(*actor, senders::WakeMessage{}); });
  client.actor =
      value_or_throw(actors->spawn_sender(queue, client.type, {.producer = "test"}, client.inbox));
  *actor = client.actor;
  // The queue answers the attachment only after a commit.
  std::optional<std::vector<std::uint64_t>> settled;
  while (!settled) {
    if (auto ready = client.inbox->wait_ready(std::chrono::microseconds(0))) {
      settled = *ready;
    } else if (!step()) {
      throw std::logic_error("queue " + queue + " does not take the sender");
    }
  }
  client.sent.resize(settled->size());
  for (std::uint32_t shard = 0; shard < client.sent.size(); ++shard) {
    for (std::size_t i = (*settled)[shard]; i < client.sent[shard].size(); ++i) {
      offer(client, shard, client.sent[shard][i]);
    }
  }
}

PipelineTest::Parts::Client& PipelineTest::Parts::client_of(const std::string& queue,
                                                            const std::string& type) {
  auto [it, is_new] = clients.try_emplace(queue);
  if (is_new) {
    it->second.type = type;
    connect(queue, it->second);
  }
  return it->second;
}

void PipelineTest::Parts::offer(Client& client, std::uint32_t shard, const pb::Envelope& envelope) {
  senders::UnsentMessage message{.shard = shard, .envelope = {}, .confirmation = {}};
  message.envelope = std::make_unique<pb::Envelope>(envelope);
  const auto pushed = client.inbox->push(std::move(message));
  if (!pushed) throw std::invalid_argument(pushed.error().message);
}

// Runs one message of an actor or one commit, as the random numbers say. Seed 0: a commit only when
// no actor has a message.
bool PipelineTest::Parts::step() {
  if (!violation.empty()) throw std::logic_error(violation);
  if (words_at_end) crash();
  const bool log_first = options.seed != 0 && log.proposed() > 0 && random() % 8 == 0;
  if (!log_first && actors_system.step()) return true;
  if (log.proposed() == 0) return actors_system.step();
  log.commit(options.seed == 0 ? log.proposed() : 1 + random() % log.proposed());
  return true;
}

PipelineTest::PipelineTest(std::vector<PipelineSpec> pipelines, PipelineTestOptions options)
    : parts_(std::make_unique<Parts>(std::move(pipelines), options)) {}

PipelineTest::~PipelineTest() = default;

void PipelineTest::send(const std::string& queue, const std::string& type, std::string key,
                        std::string payload, MessageOptions options, std::string reply_to) {
  Parts::Client& client = parts_->client_of(queue, type);
  const TimeUs now_us = parts_->actors_system.now_us();
  pb::Envelope envelope;
  envelope.set_key(std::move(key));
  envelope.set_payload(std::move(payload));
  envelope.set_born_at_us(now_us);
  if (options.priority >= 0) set_priority(envelope, options.priority);
  set_times(envelope, options, now_us);
  set_headers(envelope, options);
  envelope.set_idempotency_key(std::move(options.idempotency_key));
  envelope.set_reply_to(std::move(reply_to));
  const std::uint32_t shard =
      envelope.key().empty() ? 0 : shard_of(envelope.key(), parts_->options.shards);
  client.sent[shard].push_back(envelope);
  parts_->offer(client, shard, envelope);
}

void PipelineTest::ask(const std::string& queue, const std::string& type, std::string key,
                       std::string payload, const QueueSpec& replies,
                       std::chrono::milliseconds deadline,
                       std::function<void(const Result<std::string>&)> answered) {
  const Asks& asks = parts_->actors->asks();
  if (auto checked = asks.check(replies.name, replies.type); !checked) {
    throw std::invalid_argument(checked.error().message);
  }
  std::string reply_to = "ask-" + std::to_string(++parts_->asks);
  asks.ask(std::make_shared<senders::Question>(
      reply_to, time_after(parts_->actors_system.steady_us(), to_us(deadline)),
      [answered = std::move(answered)](const Result<std::shared_ptr<const pb::Envelope>>& reply) {
        if (!reply) return answered(reply.error());
        answered((*reply)->payload());
      }));
  send(queue, type, std::move(key), std::move(payload), {}, std::move(reply_to));
}

void PipelineTest::run() {
  parts_->run();
}

void PipelineTest::set_clock(std::chrono::microseconds by) {
  parts_->actors_system.set_clock(by.count());
}

void PipelineTest::run_steps(std::uint64_t steps) {
  while (steps-- > 0 && parts_->step()) continue;
}

void PipelineTest::advance(std::chrono::milliseconds span) {
  parts_->run();
  for (; span.count() > 0; --span) {
    parts_->actors_system.advance(std::chrono::milliseconds(1));
    parts_->run();
  }
}

void PipelineTest::crash() {
  parts_->crash();
}

void PipelineTest::end_process() {
  if (!parts_->words_at_end) parts_->words_at_end = parts_->words;
}

std::vector<MessageView> PipelineTest::messages(const std::string& queue) {
  std::vector<MessageView> views;
  parts_->visit_states(queue, [&](const queues::State& state) {
    state.durable.index.for_each([&](queues::Sequence sequence, const queues::Entry& entry) {
      views.push_back({sequence, entry.failed, **state.durable.index.body(sequence)});
    });
  });
  return views;
}

Result<Removed> PipelineTest::operate(const std::string& queue, Operation operation) {
  auto result = std::make_shared<std::optional<OperationResult>>();
  const auto begun =
      parts_->actors->operate(queue, {}, std::move(operation),
                              [result](OperationResult done) { *result = std::move(done); });
  if (!begun) return begun.error();
  while (!*result) {
    if (!parts_->step()) throw std::logic_error("queue " + queue + " does not answer");
  }
  Removed removed = (*result)->removed;
  if (removed.stopped && removed.messages == 0) return *removed.stopped;
  return removed;
}

Result<Removed> PipelineTest::redrive(const std::string& dead_letter_queue, MessageFilter filter,
                                      std::uint64_t max) {
  return operate(dead_letter_queue, {Operation::Verb::redrive, std::move(filter), max});
}

Result<Removed> PipelineTest::drop(const std::string& queue, MessageFilter filter,
                                   std::uint64_t max) {
  return operate(queue, {Operation::Verb::drop, std::move(filter), max});
}

std::vector<KeyView> PipelineTest::keys(const std::string& queue) {
  std::vector<KeyView> views;
  parts_->visit_states(queue, [&](const queues::State& state) {
    for (const auto& [name, keyed] : state.durable.keyed.keys()) {
      KeyView& view = views.emplace_back();
      view.key = name;
      view.has_value = keyed.value != nullptr;
      if (keyed.value) view.value = *keyed.value;
      for (pb::HistoryEntry& entry : queues::KeyedStore::parse_history(keyed.history)) {
        view.history.push_back({entry.input(), entry.at_us(), std::move(*entry.mutable_value())});
      }
    }
  });
  return views;
}

queues::Ledger PipelineTest::ledger(const std::string& queue) {
  queues::Ledger total;
  parts_->visit_states(queue, [&](const queues::State& state) { total += state.durable.ledger; });
  return total;
}

std::vector<StageCounts> PipelineTest::stage_counts() const {
  return parts_->actors->stage_counts();
}

std::chrono::microseconds PipelineTest::now() const {
  return std::chrono::microseconds(parts_->actors_system.steady_us() - parts_->began_us);
}

}  // namespace millrace
