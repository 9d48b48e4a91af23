#include "actors/receiver/shell/supervisor_actor.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

namespace millrace::receivers {
namespace {

constexpr DurationUs first_delay_us = 100'000;
constexpr DurationUs last_delay_us = 30'000'000;
constexpr DurationUs stable_after_us = 60'000'000;

class SupervisorShell {
 public:
  static inline const char* name = "millrace.supervisor";

  caf::behavior start(caf::event_based_actor* self, std::vector<ReceiverConfig> configs) {
    self_ = self;
    for (ReceiverConfig& config : configs) {
      Worker& worker = workers_.emplace_back();
      worker.config = std::move(config);
    }
    for (Worker& worker : workers_) start(worker);
    self->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
    self->set_exit_handler([this](const caf::exit_msg& exit) {
      for (Worker& worker : workers_) {
        if (worker.receiver) self_->send_exit(worker.receiver, exit.reason);
      }
      workers_.clear();  // the thread of a detached actor ends with the last reference to the actor
      self_->quit(exit.reason);
    });
    return {
        [this](const RestartMessage& m) {
          if (!workers_[m.worker].config.sources.empty()) start(workers_[m.worker]);
        },
        [this](const AddWorkerMessage& m) {
          workers_.push_back({.config = *m.config});
          start(workers_.back());
        },
        [this](const DropSourceMessage& m) { drop_source(m.number); },
    };
  }

 private:
  struct Worker {
    ReceiverConfig config{};
    caf::actor receiver{};
    SteadyUs started_us = 0;
    DurationUs delay_us = first_delay_us;
  };

  void start(Worker& worker) {
    worker.started_us = worker.config.clock->steady_us();
    worker.receiver = spawn_receiver(self_->system(), worker.config);
    self_->monitor(worker.receiver);
  }

  // Keeps the entry of a worker that ends: RestartMessage names workers by index.
  void drop_source(queues::QueueNumber number) {
    for (Worker& worker : workers_) {
      const std::size_t dropped = std::erase_if(
          worker.config.sources, [&](const Source& source) { return source.number == number; });
      if (dropped == 0 || !worker.config.sources.empty()) continue;
      const caf::actor ended = std::exchange(worker, Worker{}).receiver;
      if (ended) self_->send_exit(ended, caf::exit_reason::user_shutdown);
    }
  }

  void on_down(const caf::down_msg& down) {
    const auto ended = std::find_if(workers_.begin(), workers_.end(), [&](const Worker& worker) {
      return worker.receiver && worker.receiver.address() == down.source;
    });
    if (ended == workers_.end()) return;
    ended->receiver = {};
    if (ended->config.clock->steady_us() - ended->started_us >= stable_after_us) {
      ended->delay_us = first_delay_us;
    }
    spdlog::error("a worker of stage {} ended; another one starts in {} ms",
                  ended->config.spec->name, ended->delay_us / 1'000);
    self_->delayed_send(self_, std::chrono::microseconds(ended->delay_us),
                        RestartMessage{static_cast<std::size_t>(ended - workers_.begin())});
    ended->delay_us = std::min(ended->delay_us * 2, last_delay_us);
  }

  caf::event_based_actor* self_ = nullptr;
  std::vector<Worker> workers_;
};

}  // namespace

caf::actor spawn_supervisor(caf::actor_system& system, std::vector<ReceiverConfig> workers) {
  return system.spawn(
      [](caf::stateful_actor<SupervisorShell>* self, std::vector<ReceiverConfig> configs) {
        return self->state.start(self, std::move(configs));
      },
      std::move(workers));
}

}  // namespace millrace::receivers
