#include "actors/runtime/runtime.hpp"

#include <algorithm>
#include <cstdlib>
#include <future>
#include <map>
#include <random>
#include <thread>
#include <utility>

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include "actors/pipeline/validate.hpp"
#include "actors/pipeline/wiring.hpp"
#include "actors/receiver/supervisor_actor.hpp"
#include "actors/runtime/body_reader_actor.hpp"
#include "actors/runtime/federation.hpp"
#include "actors/runtime/journal_log.hpp"
#include "actors/runtime/log_keeper.hpp"
#include "actors/runtime/node_actors.hpp"
#include "actors/runtime/store.hpp"
#include "actors/sender/sender_actor.hpp"

namespace millrace {
namespace {

constexpr std::chrono::seconds sender_ready_timeout{10};
constexpr std::chrono::seconds inspect_timeout{10};
constexpr std::chrono::minutes operation_timeout{10};
constexpr std::chrono::milliseconds full_poll{100};

class ActorConfig : public caf::actor_system_config {
 public:
  explicit ActorConfig(std::uint32_t threads) {
    add_message_types<caf::id_block::millrace>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads",
        threads != 0 ? std::size_t{threads}
                     : std::max<std::size_t>(2, std::thread::hardware_concurrency()));
  }
};

std::string random_name() {
  std::random_device random;
  std::string name;
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t bits = random();
    for (unsigned shift = 0; shift < 32; shift += 4) name += "0123456789abcdef"[bits >> shift & 15];
  }
  return name;
}

void stop_at_once(const Error& error) {
  spdlog::critical("the node stops: {}: {}", to_string(error.code), error.message);
  spdlog::default_logger()->flush();
  std::_Exit(1);
}

}  // namespace

class Runtime::Parts {
 public:
  Parts(RuntimeOptions given, std::vector<PipelineSpec> specs, Federation* other_nodes)
      : options(std::move(given)),
        federation(other_nodes),
        pipelines(std::move(specs)),
        wiring(analyse_wiring(pipelines)),
        log({.deliver =
                 [this](queues::QueueNumber number, CommitRouter::Changes changes) {
                   actors->deliver(number, std::move(changes));
                 },
             .after_group = [this](journal::Lsn lsn) { on_group(lsn); },
             .storage_full =
                 [this](journal::Lsn lsn) {
                   if (LogKeeper* const serving = keeper_serving_) serving->on_storage_full(lsn);
                 },
             .failed =
                 [this](const Error& error) {
                   fatal(error);
                 }}),
        config(options.threads),
        system(config) {
    if (!options.on_fatal) options.on_fatal = stop_at_once;
    if (options.seed == 0) options.seed = std::random_device{}();
    if (options.outbox_producer.empty()) options.outbox_producer = random_name();
    if (federation != nullptr) {
      options.serves = [this](const std::string& queue, std::uint32_t shard) {
        return federation->serves(queue, shard);
      };
    }
  }

  Result<void> open();
  void spawn();
  Result<void> stop(std::chrono::milliseconds timeout);
  [[nodiscard]] std::vector<QueueInfo> inspect();

  void fatal(const Error& error) {
    if (!stopped) options.on_fatal(error);
  }

  RuntimeOptions options;
  Federation* federation;  ///< null: this node serves all
  std::vector<PipelineSpec> pipelines;
  Wiring wiring;
  SystemClock clock;
  JournalLog log;
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<LogKeeper> keeper;
  Store store;
  std::unique_ptr<NodeActors> actors;

  ActorConfig config;
  caf::actor_system system;
  caf::actor reader;
  std::mutex senders_mutex;
  std::vector<caf::actor> senders;
  std::atomic<bool> stopped = false;

 private:
  void on_group(journal::Lsn lsn);
  Result<void> declare(const std::vector<pb::Declaration>& fresh);
  Result<void> drain(std::chrono::milliseconds timeout);

  std::mutex group_mutex_;
  std::condition_variable group_changed_;
  journal::Lsn last_group_ = 0;
  /// Null until the queues are there to be asked.
  std::atomic<LogKeeper*> keeper_serving_ = nullptr;
};

void Runtime::Parts::on_group(journal::Lsn lsn) {
  {
    const std::lock_guard lock(group_mutex_);
    last_group_ = lsn;
  }
  if (LogKeeper* const serving = keeper_serving_) serving->on_group(lsn);
  group_changed_.notify_all();
}

Result<void> Runtime::Parts::open() {
  journal::FileSystem& files =
      options.files != nullptr ? *options.files : journal::posix_file_system();
  auto directory = journal::DataDirectory::open(files, options.data_dir, journal::Opener::writer);
  if (!directory) return directory.error();
  const std::size_t queues = std::max<std::size_t>(wiring.queues.size() * options.shards, 1);
  options.limits.body_cache_bytes =
      std::max<std::uint64_t>(options.body_cache_bytes / queues, 1u << 20);
  store = Store(options.limits);
  const auto recovered = journal::recover(
      *directory, [this](journal::Section, std::string_view part) { return store.load(part); },
      [this](const journal::Frame& frame) { return store.apply(frame); });
  if (!recovered) return recovered.error();
  for (const Error& damaged : recovered->damaged) {
    spdlog::warn("an older checkpoint stands in: {}", damaged.message);
  }
  auto started = journal::Journal::start(std::move(*directory), *recovered, options.journal, log);
  if (!started) return started.error();
  journal = std::move(*started);
  log.attach(*journal, recovered->end.last_lsn);

  auto planned = plan_node(wiring, pipelines, store, options);
  if (!planned) return planned.error();
  if (auto declared = declare(planned->fresh); !declared) return declared;
  actors = std::make_unique<NodeActors>(
      NodeActors::Surroundings{
          .system = &system,
          .log = &log,
          .clock = &clock,
          .seed = options.seed,
          .remote = [this](
                        const std::string& queue,
                        std::uint32_t shard) { return federation->remote(system, queue, shard); },
          .queue_ended =
              [this](const std::string& name) {
                fatal({ErrorCode::storage_failed, "the actor of queue " + name + " ended"});
              }},
      std::move(*planned));
  return {};
}

// New queues must be in the log before anything refers to them.
Result<void> Runtime::Parts::declare(const std::vector<pb::Declaration>& fresh) {
  if (fresh.empty()) return {};
  auto proposal = std::make_shared<queues::RecordProposal>();
  auto record = std::make_shared<pb::Record>();
  record->set_at_us(clock.now_us());
  for (const pb::Declaration& declaration : fresh) *record->add_declare() = declaration;
  proposal->record = record;
  log.propose(std::move(proposal));
  std::unique_lock lock(group_mutex_);
  while (!group_changed_.wait_for(lock, full_poll, [this] { return last_group_ != 0; })) {
    if (!journal->storage_exhausted()) continue;
    return Error{ErrorCode::storage_full, options.data_dir.string() +
                                              ": no room on the disk to declare " +
                                              std::to_string(fresh.size()) + " new queues"};
  }
  return {};
}

void Runtime::Parts::spawn() {
  reader = spawn_body_reader(system, *journal, [this](const Error& error) { fatal(error); });
  actors->spawn_queues(store, reader);
  keeper = std::make_unique<LogKeeper>(*journal, log, *actors, options);
  keeper_serving_ = keeper.get();
  actors->spawn_receivers();
  actors->spawn_forwarders();
  if (federation == nullptr) return;
  federation->started(system, [this](const std::string& queue, std::uint32_t shard) {
    return actors->local(queue, shard);
  });
}

std::vector<QueueInfo> Runtime::Parts::inspect() {
  std::map<std::string, QueueInfo> infos;
  caf::scoped_actor self(system);
  for (const pb::Declaration& declaration : actors->declarations()) {
    QueueInfo& info = infos[declaration.name()];
    info.name = declaration.name();
    info.is_dead_letter = declaration.dead_letters();
    self->request(actors->handle(declaration.number()), inspect_timeout, queues::InspectMessage{})
        .receive(
            [&](const queues::QueueStatus& status) {
              info.ledger += status.ledger;
              info.ledger.duplicates += status.repeats;
              info.bytes += status.bytes;
              info.in_flight += status.in_flight;
              info.timers += status.timers;
              info.is_blocked = info.is_blocked || status.is_blocked;
              info.is_above_high_water = info.is_above_high_water || status.is_above_high_water;
            },
            [&](const caf::error&) {});
  }
  std::vector<QueueInfo> out;
  for (auto& [name, info] : infos) out.push_back(std::move(info));
  return out;
}

Result<void> Runtime::Parts::drain(std::chrono::milliseconds timeout) {
  caf::scoped_actor self(system);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::size_t drained = 0;
  // All stop at once; only then are they waited for.
  const auto& declarations = actors->declarations();
  for (const pb::Declaration& declaration : declarations) {
    caf::anon_send(actors->handle(declaration.number()), queues::DrainMessage{});
  }
  for (const pb::Declaration& declaration : declarations) {
    const auto left = std::max(deadline - std::chrono::steady_clock::now(),
                               std::chrono::steady_clock::duration(std::chrono::milliseconds(1)));
    self->request(actors->handle(declaration.number()),
                  std::chrono::duration_cast<std::chrono::milliseconds>(left),
                  queues::DrainMessage{})
        .receive([&](const queues::QueueStatus&) { ++drained; }, [](const caf::error&) {});
  }
  if (drained == declarations.size()) return {};
  return Error{ErrorCode::timeout,
               std::to_string(declarations.size() - drained) +
                   " queues still had work in progress at the end of the drain"};
}

Result<void> Runtime::Parts::stop(std::chrono::milliseconds timeout) {
  if (stopped) return {};
  Result<void> drained = drain(timeout);
  if (drained) {
    const Result<void> checkpointed = keeper->checkpoint_now();
    if (!checkpointed) {
      spdlog::warn("no checkpoint at the end: {}", checkpointed.error().message);
    }
  }
  stopped = true;
  if (federation != nullptr) federation->stopped();
  const auto end = [](const caf::actor& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  };
  {
    const std::lock_guard lock(senders_mutex);
    for (const caf::actor& sender : senders) end(sender);
  }
  actors->end();
  end(reader);
  if (drained) {
    system.await_all_actors_done();
    journal->stop();
    keeper.reset();
  }
  return drained;
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
    // Handlers that never return keep their threads; waiting for them would never end.
    static_cast<void>(parts_.release());
  }
}

std::vector<QueueInfo> Runtime::queues() {
  return parts_->inspect();
}

Result<void> Runtime::stop(std::chrono::milliseconds timeout) {
  return parts_->stop(timeout);
}

bool Runtime::is_storage_full() const {
  return parts_->log.is_full();
}

const Clock& Runtime::clock() const {
  return parts_->clock;
}

Result<std::shared_ptr<SenderLink>> Runtime::open_sender(const std::string& queue,
                                                         const std::string& type,
                                                         SenderOptions options) {
  auto actor = std::make_shared<caf::actor>();
  auto outbound = std::make_shared<senders::Outbound>(
      options.limits.window, [actor] { caf::anon_send(*actor, senders::WakeMessage{}); });
  auto spawned = parts_->actors->spawn_sender(queue, type, options, outbound);
  if (!spawned) return spawned.error();
  *actor = *spawned;
  {
    const std::lock_guard lock(parts_->senders_mutex);
    parts_->senders.push_back(*actor);
  }
  auto settled = outbound->wait_ready(sender_ready_timeout);
  if (!settled) return settled.error();
  return std::make_shared<SenderLink>(std::move(outbound),
                                      static_cast<std::uint32_t>(settled->size()), parts_->clock,
                                      std::move(*settled));
}

Result<OperationResult> Runtime::operate(const std::string& queue, Operation operation) {
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

Result<std::vector<MessageView>> Runtime::peek(const std::string& queue, std::uint64_t max,
                                               MessageFilter filter) {
  auto done = operate(queue, {Operation::Verb::peek, std::move(filter), max});
  if (!done) return done.error();
  return std::move(done->seen);
}

Result<Removed> Runtime::redrive(const std::string& dead_letter_queue, MessageFilter filter,
                                 std::uint64_t max) {
  auto done = operate(dead_letter_queue, {Operation::Verb::redrive, std::move(filter), max});
  if (!done) return done.error();
  return std::move(done->removed);
}

Result<Removed> Runtime::drop(const std::string& queue, MessageFilter filter, std::uint64_t max) {
  auto done = operate(queue, {Operation::Verb::drop, std::move(filter), max});
  if (!done) return done.error();
  return std::move(done->removed);
}

}  // namespace millrace
