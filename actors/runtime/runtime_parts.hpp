// What a running node consists of: the private side of Runtime.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "actors/assembly/federation.hpp"
#include "actors/assembly/node_actors.hpp"
#include "actors/base/random_name.hpp"
#include "actors/move/shard_moves.hpp"
#include "actors/pipeline/wiring.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/runtime/shell/actor_system_config.hpp"
#include "actors/store/store.hpp"
#include "actors/upkeep/journal_log.hpp"
#include "actors/upkeep/log_keeper.hpp"

namespace millrace {

/// Says why on stderr, and ends the process.
[[noreturn]] void stop_at_once(const Error& error);

class Runtime::Parts final : public JournalLogOwner {
 public:
  Parts(RuntimeOptions given, std::vector<PipelineSpec> specs, Federation* other_nodes)
      : options(std::move(given)),
        federation(other_nodes),
        pipelines(std::move(specs)),
        wiring(analyse_wiring(pipelines)),
        log(*this),
        config(options),
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
  std::unique_ptr<ShardMoves> moves;

  ActorConfig config;
  ActorSystem system;
  AnyActor reader;
  std::mutex senders_mutex;
  std::vector<AnyActor> senders;
  bool takes_senders = true;  ///< false from the drain on: one more would outlive it
  std::atomic<bool> stopped = false;
  bool has_leftovers = false;  ///< the drain failed: actors are still there that may never end

 private:
  void on_group(journal::Lsn lsn) override;
  void on_storage_full(journal::Lsn lsn) override {
    if (LogKeeper* const serving = keeper_serving_) serving->on_storage_full(lsn);
  }
  void after_storage_full() override {
    if (LogKeeper* const serving = keeper_serving_) serving->after_storage_full();
  }
  void on_log_failed(const Error& error) override { fatal(error); }
  Result<void> declare(const NodePlan& plan);

  std::mutex group_mutex_;
  std::condition_variable group_changed_;
  journal::Lsn last_group_ = 0;
  /// Null until the queues are there to be asked.
  std::atomic<LogKeeper*> keeper_serving_ = nullptr;
};

}  // namespace millrace
