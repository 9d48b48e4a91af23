#include "actors/runtime/runtime.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "actors/assembly/failure_log.hpp"
#include "actors/assembly/federation.hpp"
#include "actors/assembly/node_actors.hpp"
#include "actors/assembly/topic_queues.hpp"
#include "actors/base/names.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "actors/engines/journal_engine.hpp"
#include "actors/files/file_system.hpp"
#include "actors/log/engine.hpp"
#include "actors/move/shard_moves.hpp"
#include "actors/pipeline/validate.hpp"
#include "actors/receiver/running_table.hpp"
#include "actors/runtime/defined_queues.hpp"
#include "actors/runtime/drained_queues.hpp"
#include "actors/runtime/node_states.hpp"
#include "actors/runtime/notices.hpp"
#include "actors/runtime/pausing.hpp"
#include "actors/runtime/queue_info_sum.hpp"
#include "actors/runtime/recover.hpp"
#include "actors/runtime/refusals.hpp"
#include "actors/runtime/running_file.hpp"
#include "actors/runtime/shell/actor_system_config.hpp"
#include "actors/sender/shell/sender_actor.hpp"
#include "actors/store/store.hpp"
#include "actors/upkeep/log_keeper.hpp"
#include "actors/upkeep/queue_log.hpp"
#include "actors/upkeep/shell/body_reader_actor.hpp"
#include "actors/upkeep/storage_notice.hpp"
#include "messages/hash.hpp"

namespace millrace {
namespace {

constexpr std::chrono::milliseconds full_poll{100};
constexpr std::chrono::seconds sender_ready_timeout{10};
constexpr std::chrono::seconds inspect_timeout{10};
constexpr std::chrono::minutes operation_timeout{10};

using Deadline = std::chrono::steady_clock::time_point;
using Queues = std::vector<queues::QueueHandle>;

}  // namespace

class Runtime::Parts final : public QueueLogOwner {
 public:
  Parts(RuntimeOptions given, std::vector<PipelineSpec> specs, Federation* other_nodes)
      : options(std::move(given)),
        federation(other_nodes),
        defined(std::move(specs)),
        queue_log(*this),
        config(options),
        system(config) {
    if (!options.on_fatal) options.on_fatal = stop_at_once;
    if (!options.metrics) options.metrics = std::make_shared<Metrics>();
    if (options.seed == 0) options.seed = std::random_device{}();
    if (options.outbox_producer.empty()) options.outbox_producer = random_name();
    while (options.generation == 0) {
      std::random_device device;
      options.generation = std::uint64_t{device()} << 32 | device();
    }
    if (federation != nullptr) {
      options.serves = [this](const std::string& queue, std::uint32_t shard) {
        return federation->serves(queue, shard);
      };
    }
  }

  Result<void> open();
  void spawn();
  Result<void> stop(std::chrono::milliseconds timeout);

  void fatal(const Error& error) {
    if (stopped) return;
    if (running) running->close();  // no handler ends the process
    options.on_fatal(error);
  }
  const std::function<void(const Error&)> on_outdated = [this](const Error& error) {
    fatal({error.code, error.message + outdated_advice});
  };

  RuntimeOptions options;
  Federation* federation;  ///< null: this node serves all
  DefinedQueues defined;
  SystemClock clock{log_step};

 private:
  // Declared before the log, whose threads use them until it has ended.
  StorageNotice storage_notice_;  ///< of the log's thread that reports a full disk
  std::mutex group_mutex_;
  std::condition_variable group_changed_;
  logs::Lsn last_group_ = 0;
  /// Null until the queues can take snapshots.
  std::atomic<LogKeeper*> keeper_serving_ = nullptr;

 public:
  QueueLog queue_log;
  std::unique_ptr<logs::Log> log;
  std::mutex keeper_mutex;            ///< held where `keeper` ends, and by those who may come later
  std::unique_ptr<LogKeeper> keeper;  ///< null after stop()
  NodeStates states;
  Store store;
  std::shared_ptr<receivers::RunningTable> running;
  std::unique_ptr<NodeActors> actors;
  std::unique_ptr<ShardMoves> moves;

  ActorConfig config;
  ActorSystem system;
  AnyActor reader;
  std::mutex senders_mutex;
  std::vector<AnyActor> senders;
  bool takes_senders = true;  ///< false from stop() on: a new sender would never be ended
  std::atomic<bool> is_stopping = false;  ///< stop() was called
  std::atomic<bool> serves = false;       ///< false: the data directory is being compared
  std::atomic<bool> stopped = false;
  bool has_leftovers = false;  ///< the drain failed: some actors may never end

 private:
  void on_group(logs::Lsn lsn) override;
  void on_storage_full(logs::Lsn lsn) override {
    if (storage_notice_.begins(std::chrono::steady_clock::now())) {
      spdlog::warn(
          "storage full: {} has {}; new messages are refused until there is room, accepted work "
          "goes on",
          options.engine->where(), free_text());
    }
    if (LogKeeper* const serving = keeper_serving_) serving->on_storage_full(lsn);
  }
  void after_storage_full() override {
    if (LogKeeper* const serving = keeper_serving_) serving->after_storage_full();
  }
  void on_storage_free() override {
    if (!storage_notice_.ends()) return;
    spdlog::info("storage has room again: {} has {}; new messages are accepted",
                 options.engine->where(), free_text());
  }
  [[nodiscard]] std::string free_text() const {
    const auto free = log->free_bytes();
    if (!free) return free.error().message;
    return *free ? std::to_string(**free >> 20) + " MiB free" : "an unknown rest free";
  }
  void on_log_unreachable(const Error& error) override {
    spdlog::warn("the log cannot be reached, nothing is confirmed until it is: {}", error.message);
  }
  void on_log_reachable() override { spdlog::info("the log can be reached again"); }
  void on_log_failed(const Error& error) override { fatal(error); }
  Result<void> declare(const NodePlan& plan);
  [[nodiscard]] bool append(std::shared_ptr<const pb::Record> record);
  /// Returns when no queue has leases or records in flight; messages that could not be sent to
  /// other nodes are in their outboxes then. Outboxes are flushed for up to 3/4 of `timeout`; a
  /// node that cannot be reached costs no time. Fails with `timeout`.
  [[nodiscard]] Result<void> drain(std::chrono::milliseconds timeout);
  /// Starts to handle, forward and accept messages.
  void serve();

  std::mutex serve_mutex_;
};

//   no offers, no leases ─▶ handlers in progress end ─▶ outboxes are flushed
//                                                       ─▶ unsent messages return to their outbox
Result<void> Runtime::Parts::drain(std::chrono::milliseconds timeout) {
  const Deadline deadline = Deadline::clock::now() + timeout;
  Queues served;
  Queues outboxes;
  for (const pb::Declaration& declaration : actors->declarations()) {
    const queues::QueueHandle& queue = actors->handle(declaration.number());
    (declaration.has_outbox() ? outboxes : served).push_back(queue);
    // Send to all queues before waiting for the first, so that they drain at the same time.
    tell(queue, queues::DrainMessage{});
  }
  std::size_t at_rest = await_rest(system, served, deadline);
  // The record of a handler's last outcome is delivered to the handler's queue first; wait until
  // its outputs have been delivered to the outboxes too.
  queue_log.in_order([](logs::Lsn /*last*/) {});
  actors->flush();
  std::size_t flushed = await_rest(system, outboxes, deadline - timeout / 4);
  if (flushed < outboxes.size()) {
    actors->give_back();
    flushed = await_rest(system, outboxes, deadline);
  }
  at_rest += flushed;
  if (at_rest == served.size() + outboxes.size()) return {};
  return Error{ErrorCode::timeout,
               std::to_string(served.size() + outboxes.size() - at_rest) +
                   " queues still had work in progress at the end of the drain"};
}

void Runtime::Parts::on_group(logs::Lsn lsn) {
  {
    const std::lock_guard lock(group_mutex_);
    last_group_ = lsn;
  }
  if (LogKeeper* const serving = keeper_serving_) serving->on_group(lsn);
  group_changed_.notify_all();
}

Result<void> Runtime::Parts::open() {
  if (auto prepared = NodeStates::prepare(options, defined.pipelines()); !prepared) return prepared;
  if (!options.engine) {
    options.engine = engines::make_engine(
        {.data_dir = options.data_dir, .journal = options.journal, .files = options.files});
  }
  std::shared_ptr<logs::OpenedLog> opened = std::move(options.opened);
  if (!opened) {
    auto made = options.engine->open(logs::Opener::writer);
    if (!made) return made.error();
    opened = std::move(*made);
  }
  const auto recovered = recover(*opened, options, states, store);
  if (!recovered) return recovered.error();
  for (const std::string& warning : recovered->warnings) spdlog::warn("{}", warning);
  if (auto checked = states.recovered(options, store, recovered->last_lsn,
                                      [this](const Error& error) { fatal(error); });
      !checked) {
    return checked;
  }
  auto started = opened->start(queue_log);
  if (!started) return started.error();
  log = std::move(*started);
  states.started(log->files());
  queue_log.attach(*log, recovered->last_lsn);
  // Another engine than the journal may not have made it. Without it the file `running` is missing,
  // which begin_run() reports.
  if (options.files == nullptr) {
    [[maybe_unused]] const auto made = files::posix_file_system().make_dir(options.data_dir);
  }

  if (auto added = defined.recovered(store.declarations(), options.make_defined_stage); !added) {
    return added;
  }
  const std::vector<PipelineSpec> pipelines = defined.pipelines();
  const auto wiring = defined.wiring(options.topic_queues);
  if (!wiring) return wiring.error();
  std::vector<pb::ShardRecord> shard_records;
  if (federation != nullptr) {
    shard_records = federation->recovered(store.shards(), store.declarations());
  }
  auto planned = plan_node(*wiring, pipelines, store, options);
  if (!planned) return planned.error();
  planned->shard_records = std::move(shard_records);
  running = begin_run(options.files == nullptr ? options.data_dir : std::filesystem::path(),
                      *planned, store);
  if (auto declared = declare(*planned); !declared) return declared;
  warn_of_unnamed(*planned, store);
  actors = std::make_unique<NodeActors>(
      NodeActors::Surroundings{
          .system = &system,
          .log = &queue_log,
          .clock = &clock,
          .seed = options.seed,
          .running = running,
          .states = states.keeper(),
          .federation = federation,
          .queue_ended =
              [this](const std::string& name) {
                fatal({ErrorCode::storage_failed, "the actor of queue " + name + " ended"});
              },
          .outdated = on_outdated,
          .start_paused = options.start_paused,
          .on_failure = log_failures(clock, options.on_failure)},
      std::move(*planned));
  defined.connect(*actors, federation);
  queue_log.connect(*actors);
  moves = std::make_unique<ShardMoves>(system, *actors, queue_log, clock);
  moves->recovered(store.shards());
  return {};
}

// New queues must be durable in the log before a record names them.
Result<void> Runtime::Parts::declare(const NodePlan& plan) {
  for (auto& record : start_records(plan, store, clock.now_us())) {
    if (append(std::move(record))) continue;
    return Error{ErrorCode::storage_full, options.engine->where() + ": no room to declare " +
                                              std::to_string(plan.fresh.size()) + " new queues"};
  }
  return {};
}

// Returns false if the disk is full.
bool Runtime::Parts::append(std::shared_ptr<const pb::Record> record) {
  auto proposal = std::make_shared<queues::RecordProposal>();
  proposal->record = std::move(record);
  proposal->makes_room = true;  // no queue exists yet that could make room
  std::unique_lock lock(group_mutex_);
  const logs::Lsn before = last_group_;
  queue_log.propose(std::move(proposal));
  while (!group_changed_.wait_for(lock, full_poll, [&] { return last_group_ != before; })) {
    if (log->storage_exhausted()) return false;
  }
  return true;
}

void Runtime::Parts::spawn() {
  reader = spawn_body_reader(system, *log, [this](const Error& error) { fatal(error); });
  actors->spawn_queues(store, reader);
  keeper = std::make_unique<LogKeeper>(*log, queue_log, *actors, *moves, states.keeper(),
                                       states.copies(), options);
  keeper_serving_ = keeper.get();
  if (federation == nullptr || !federation->must_compare()) return serve();
  federation->compare(
      system, *moves, [this] { serve(); }, on_outdated);
}

void Runtime::Parts::serve() {
  const std::lock_guard lock(serve_mutex_);
  if (is_stopping) return;
  actors->spawn_receivers();
  actors->spawn_forwarders();
  if (federation != nullptr) federation->started(system, *actors, *moves);
  serves = true;
}

Result<void> Runtime::Parts::stop(std::chrono::milliseconds timeout) {
  if (stopped || is_stopping.exchange(true)) return {};
  {
    const std::lock_guard lock(serve_mutex_);  // serve() has ended, or does nothing
  }
  {
    const std::lock_guard lock(senders_mutex);
    takes_senders = false;
  }
  running->begin_drain();
  log->open_reserve();  // queues that drain end their compaction
  Result<void> drained = drain(timeout);
  if (drained) {
    const Result<void> checkpointed = keeper->checkpoint_now();
    if (!checkpointed) {
      spdlog::warn("no checkpoint at the end: {}", checkpointed.error().message);
    }
  }
  stopped = true;
  if (federation != nullptr) federation->stopped();
  {
    const std::lock_guard lock(senders_mutex);
    for (const AnyActor& sender : senders) end_actor(sender);
  }
  running->close();  // the process ends in order, also where handlers have not returned
  actors->end();
  end_actor(reader);
  has_leftovers = !drained;
  if (has_leftovers) return drained;
  system.await_all_actors_done();
  log->stop();
  {
    const std::lock_guard lock(keeper_mutex);
    keeper.reset();
  }
  states.stop();
  return {};
}

Result<std::unique_ptr<Runtime>> Runtime::start(RuntimeOptions options,
                                                std::vector<PipelineSpec> pipelines,
                                                Federation* federation) {
  if (options.shards < 1 || options.shards > 1024) {
    return Error{ErrorCode::invalid_argument,
                 "shards: expected 1 to 1024, got " + std::to_string(options.shards)};
  }
  if (auto valid = validate(pipelines); !valid) return valid.error();
  auto parts = std::make_unique<Parts>(std::move(options), std::move(pipelines), federation);
  if (auto opened = parts->open(); !opened) {
    parts->stopped = true;
    return opened.error();
  }
  parts->spawn();
  return std::unique_ptr<Runtime>(new Runtime(std::move(parts)));
}

Runtime::Runtime(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Runtime::~Runtime() {
  if (const auto stopped = stop(); !stopped) {
    spdlog::warn("stopped without a clean drain: {}", stopped.error().message);
  }
  // Destroying the actor system would wait for handlers that never return.
  if (parts_->has_leftovers) static_cast<void>(parts_.release());
}

Result<void> Runtime::stop(std::chrono::milliseconds timeout) {
  return parts_->stop(timeout);
}

DefinedQueues& Runtime::defined_queues() const {
  return parts_->defined;
}

bool Runtime::is_storage_full() const {
  return parts_->queue_log.is_full();
}

bool Runtime::is_log_reachable() const {
  return parts_->log->is_reachable();
}

Result<std::optional<std::uint64_t>> Runtime::free_storage_bytes() const {
  return parts_->log->free_bytes();
}

Result<logs::BackupInfo> Runtime::back_up(const std::filesystem::path& target,
                                          logs::BackupIdentity identity,
                                          const std::function<Result<void>()>& may_go_on) {
  if (!target.is_absolute()) {
    return Error{ErrorCode::invalid_argument,
                 "backup: expected an absolute path, got " + target.string()};
  }
  identity.generation = parts_->options.generation;
  auto written = parts_->log->back_up(target, identity, parts_->clock.now_us(), may_go_on);
  if (written) {
    spdlog::info("backup written to {}: {} files, {} bytes, up to record {}", target.string(),
                 written->files, written->bytes, written->last_lsn);
  } else {
    spdlog::warn("backup to {} failed: {}", target.string(), written.error().message);
  }
  return written;
}

const Clock& Runtime::clock() const {
  return parts_->clock;
}

std::uint64_t Runtime::clock_steps() const {
  return parts_->clock.steps();
}

std::vector<std::pair<std::string, std::uint32_t>> Runtime::served() const {
  std::vector<std::pair<std::string, std::uint32_t>> served;
  for (pb::Declaration& each : parts_->actors->declarations()) {
    if (each.staged() || each.has_outbox()) continue;
    served.emplace_back(std::move(*each.mutable_name()), each.shard());
  }
  return served;
}

std::vector<QueueInfo> Runtime::queues(std::chrono::milliseconds within) {
  return ask_queues(parts_->system, *parts_->actors, within);
}

Result<std::shared_ptr<SenderLink>> Runtime::sender_link(const std::string& queue,
                                                         const SenderOptions& options) {
  for (const pb::Declaration& declaration : parts_->actors->declarations()) {
    if (declaration.name() != queue && declaration.name() != outbox_name(queue)) continue;
    return open_sender(queue, declaration.type(), options);
  }
  return Error{ErrorCode::not_found, "no pipeline has a queue " + queue};
}

Result<queues::KeyUse> Runtime::can_take(const std::string& queue, std::uint32_t shard,
                                         std::uint64_t bytes, queues::KeyedOffer offer) {
  if (!parts_->serves) return not_compared();
  const auto ingress = parts_->actors->ingress(queue, shard);
  if (!ingress) return ingress.error();
  if (!ingress->handle) return Error{ErrorCode::not_owner, "another node serves " + queue};
  queues::InspectMessage question{bytes};
  if (!offer.idempotency_key.empty()) {
    question.offer = std::make_shared<const queues::KeyedOffer>(std::move(offer));
  }
  const auto status =
      ask<queues::QueueStatus>(parts_->system, ingress->handle, question, inspect_timeout);
  if (!status) return no_answer(queue);
  if (status->key_use == queues::KeyUse::none && status->refusal) return *status->refusal;
  return status->key_use;
}

Result<KeyView> Runtime::key(const std::string& queue, const std::string& key) {
  const std::uint32_t shard = shard_of(key, parts_->options.shards);
  const auto served = parts_->actors->served(queue, shard);
  if (!served) return served.error();
  if (!served->handle) {
    return Error{ErrorCode::not_owner,
                 "shard " + std::to_string(shard) + " of " + queue + " is served by another node"};
  }
  const auto reply = ask<queues::KeyReply>(parts_->system, served->handle, queues::KeyMessage{key},
                                           inspect_timeout);
  if (!reply) return no_answer(queue);
  if (!reply->state) {
    return Error{ErrorCode::not_found, "queue " + queue + " knows no key " + key};
  }
  return view_key(key, *reply->state);
}

Result<std::uint32_t> Runtime::pause(const std::string& queue,
                                     const queues::PauseCommand& command) {
  if (!parts_->serves) return not_compared();
  return pause_queue(parts_->system, *parts_->actors, queue, command, inspect_timeout);
}

std::size_t Runtime::senders() const {
  const std::lock_guard lock(parts_->senders_mutex);
  return parts_->senders.size();
}

std::uint32_t Runtime::shards() const {
  return parts_->options.shards;
}

Result<std::shared_ptr<const receivers::ExternalStages>> Runtime::external_stages() const {
  if (!parts_->serves) return not_compared();
  return parts_->actors->external_stages();
}

Result<void> Runtime::offer_numbered(const std::string& queue, std::uint32_t shard,
                                     std::shared_ptr<const queues::Offer> offer,
                                     senders::NumberedDone done) const {
  if (!parts_->serves) return not_compared();
  return parts_->actors->offer_numbered(queue, shard, std::move(offer), std::move(done));
}

TopicQueues Runtime::topics() const {
  return {*parts_->actors, parts_->serves};
}

const NodeActors& Runtime::actors() const {
  return *parts_->actors;
}

const std::shared_ptr<Metrics>& Runtime::metrics() const {
  return parts_->options.metrics;
}

std::vector<StageCounts> Runtime::stage_counts() const {
  return parts_->actors->stage_counts();
}

UpkeepStats Runtime::upkeep_stats() const {
  const std::lock_guard lock(parts_->keeper_mutex);
  return parts_->keeper ? parts_->keeper->stats() : UpkeepStats{};
}

logs::LogStats Runtime::log_stats() const {
  return parts_->log->stats();
}

Result<std::shared_ptr<SenderLink>> Runtime::open_sender(const std::string& queue,
                                                         const std::string& type,
                                                         const SenderOptions& options) {
  if (!parts_->serves) return not_compared();
  auto actor = std::make_shared<AnyActor>();
  auto inbox = std::make_shared<senders::SenderInbox>(
      senders::SenderInbox::Window{options.limits.window, options.limits.window_bytes},
      [actor] { tell(*actor, senders::WakeMessage{}); });
  {
    const std::lock_guard lock(parts_->senders_mutex);
    if (!parts_->takes_senders) {
      return Error{ErrorCode::draining, "the node is stopping and accepts no more senders"};
    }
    auto spawned = parts_->actors->spawn_sender(queue, type, options, inbox);
    if (!spawned) return spawned.error();
    *actor = *spawned;
    parts_->senders.push_back(*actor);
  }
  on_end(*actor, [parts = parts_.get(), id = actor->id()] {
    const std::lock_guard lock(parts->senders_mutex);
    std::erase_if(parts->senders, [id](const AnyActor& sender) { return sender.id() == id; });
  });
  auto settled = inbox->wait_ready(sender_ready_timeout);
  if (!settled) {
    // No caller gets this sender, and its actor would try to attach for ever.
    end_actor(*actor);
    const std::lock_guard lock(parts_->senders_mutex);
    std::erase(parts_->senders, *actor);
    return settled.error();
  }
  return std::make_shared<SenderLink>(std::move(inbox), static_cast<std::uint32_t>(settled->size()),
                                      parts_->clock, std::move(*settled));
}

Result<OperationResult> Runtime::operate(const std::string& queue, Operation operation) {
  if (!parts_->serves && operation.verb != Operation::Verb::peek) return not_compared();
  auto promise = std::make_shared<std::promise<OperationResult>>();
  auto result = promise->get_future();
  const auto begun = parts_->actors->operate(
      queue, parts_->reader, std::move(operation),
      [promise](OperationResult done) { promise->set_value(std::move(done)); });
  if (!begun) return begun.error();
  if (result.wait_for(operation_timeout) != std::future_status::ready) {
    return Error{ErrorCode::timeout, "queue " + queue + " did not answer in time"};
  }
  OperationResult done = result.get();
  const auto& [messages, stopped] = done.removed;
  if (stopped && messages == 0) return *stopped;
  return done;
}

}  // namespace millrace
