#include "actors/runtime/runtime.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/assembly/drain.hpp"
#include "actors/base/shell/task_message.hpp"
#include "actors/base/shell/tell_actor.hpp"
#include "actors/pipeline/validate.hpp"
#include "actors/receiver/shell/supervisor_actor.hpp"
#include "actors/runtime/runtime_parts.hpp"
#include "actors/sender/shell/sender_actor.hpp"
#include "actors/upkeep/shell/body_reader_actor.hpp"

namespace millrace {
namespace {

constexpr std::chrono::milliseconds full_poll{100};

}  // namespace

void stop_at_once(const Error& error) {
  spdlog::critical("the node stops: {}: {}", to_string(error.code), error.message);
  spdlog::default_logger()->flush();
  std::_Exit(1);
}

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
  for (auto& [name, limits] : options.queue_limits) {
    // Where it is as by default nobody asked for it, and it has its share of what all have.
    if (limits.body_cache_bytes == queues::Limits{}.body_cache_bytes) {
      limits.body_cache_bytes = options.limits.body_cache_bytes;
    }
  }
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

  if (federation != nullptr) federation->recovered(store.shards());
  auto planned = plan_node(wiring, pipelines, store, options);
  if (!planned) return planned.error();
  if (auto declared = declare(*planned); !declared) return declared;
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
              },
          .is_fenced =
              [this](const std::string& queue, std::uint32_t shard) {
                return federation != nullptr && federation->is_fenced(queue, shard);
              }},
      std::move(*planned));
  log.connect(*actors);
  moves = std::make_unique<ShardMoves>(system, *actors, log, clock);
  moves->recovered(store.shards());
  return {};
}

// New queues must be in the log before anything refers to them.
Result<void> Runtime::Parts::declare(const NodePlan& plan) {
  if (plan.fresh.empty() && plan.leftover.empty()) return {};
  auto proposal = std::make_shared<queues::RecordProposal>();
  auto record = std::make_shared<pb::Record>();
  record->set_at_us(clock.now_us());
  for (const pb::Declaration& declaration : plan.fresh) *record->add_declare() = declaration;
  for (const queues::QueueNumber number : plan.leftover) {
    record->add_retire(number);
    store.queues().erase(number);
  }
  proposal->record = record;
  proposal->makes_room = true;  // nothing else can, before the queues are there
  log.propose(std::move(proposal));
  std::unique_lock lock(group_mutex_);
  while (!group_changed_.wait_for(lock, full_poll, [this] { return last_group_ != 0; })) {
    if (!journal->storage_exhausted()) continue;
    return Error{ErrorCode::storage_full, options.data_dir.string() +
                                              ": no room on the disk to declare " +
                                              std::to_string(plan.fresh.size()) + " new queues"};
  }
  return {};
}

void Runtime::Parts::spawn() {
  reader = spawn_body_reader(system, *journal, [this](const Error& error) { fatal(error); });
  actors->spawn_queues(store, reader);
  keeper = std::make_unique<LogKeeper>(*journal, log, *actors, *moves, options);
  keeper_serving_ = keeper.get();
  actors->spawn_receivers();
  actors->spawn_forwarders();
  if (federation == nullptr) return;
  const auto local = [this](const std::string& queue, std::uint32_t shard) {
    const auto served = actors->served(queue, shard);
    return served ? *served : LocalQueue{};
  };
  federation->started(system, local, *moves);
}

Result<void> Runtime::Parts::stop(std::chrono::milliseconds timeout) {
  if (stopped) return {};
  {
    const std::lock_guard lock(senders_mutex);
    takes_senders = false;
  }
  const auto await_delivery = [this] {
    log.in_order([](journal::Lsn /*last*/) {});
  };
  journal->open_reserve();  // queues that drain end their compaction
  Result<void> drained = drain(system, *actors, await_delivery, timeout);
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
  actors->end();
  end_actor(reader);
  has_leftovers = !drained;
  if (has_leftovers) return drained;
  system.await_all_actors_done();
  journal->stop();
  keeper.reset();
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
  // Handlers that never return keep their threads; waiting for them would never end.
  if (parts_->has_leftovers) static_cast<void>(parts_.release());
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

}  // namespace millrace
