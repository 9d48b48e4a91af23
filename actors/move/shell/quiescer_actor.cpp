#include "actors/move/shell/quiescer_actor.hpp"

#include <string>
#include <utility>

#include <caf/all.hpp>

#include "actors/base/shell/actor_handle.hpp"

namespace millrace {
namespace {

//   quiesce all queues ─▶ barrier in the log ─▶ flush ingresses ─▶ seal all queues
//
// A quiesced queue still receives the dead letters and outputs of leases of other queues, so all
// queues must have quiesced, and the barrier must have passed, before nothing more arrives. Until
// they are sealed, queues accept offers of other nodes: otherwise two nodes that quiesce at once
// would wait for each other.
class QuiescerShell {
 public:
  static inline const char* name = "millrace.quiescer";

  caf::behavior start(caf::event_based_actor* self, QuiescerConfig config) {
    self_ = self;
    config_ = std::move(config);
    replies_.resize(config_.queues.size());
    self->set_exit_handler([this](const caf::exit_msg&) { finish(ended()); });
    self->set_down_handler([this](const caf::down_msg&) { finish(ended()); });
    for (const queues::QueueHandle& queue : config_.queues) {
      self->monitor(caf::actor_cast<caf::actor>(queue));
    }
    self->delayed_send(self, config_.timeout, TickMessage{});
    quiesce();
    return {
        [this](const TickMessage&) {
          finish(Error{ErrorCode::timeout, what_ + " took longer than " +
                                               std::to_string(config_.timeout.count()) + " ms"});
        },
        [](const TaskMessage& task) {
          (*task.run)();
        }};
  }

 private:
  static Error ended() { return {ErrorCode::draining, "the node is stopping"}; }

  void quiesce() {
    what_ = "work in progress on the shard";
    ask<queues::QuiescedReply>(
        config_.queues, queues::QuiesceMessage{}, [](std::size_t, const queues::QuiescedReply&) {},
        [this] { pass_barrier(); }, [this] { finish(ended()); });
  }

  // An empty record: when it is durable, every change before it has been sent to its queue.
  void pass_barrier() {
    what_ = "the log";
    auto record = std::make_shared<pb::Record>();
    record->set_at_us(config_.clock->now_us());
    auto proposal = std::make_shared<queues::RecordProposal>();
    proposal->record = std::move(record);
    proposal->durable = [self = caf::actor_cast<caf::actor>(self_), this] {
      caf::anon_send(self,
                     TaskMessage{std::make_shared<std::function<void()>>([this] { flush(); })});
    };
    config_.log->propose(std::move(proposal));
  }

  void flush() {
    what_ = "delivery of what the shard sent to other nodes";
    const auto flushed = [this] {
      if (missing_ == 0) read();
    };
    // An ingress may end meanwhile: its shard has just moved, and its messages with it. If the node
    // is stopping, the queues of this shard fail, too.
    ask<queues::FlushedReply>(
        config_.ingresses, queues::FlushMessage{}, [](std::size_t, const queues::FlushedReply&) {},
        flushed,
        [this, flushed] {
          --missing_;
          flushed();
        });
  }

  void read() {
    what_ = "reading the state of the shard";
    ask<queues::QuiescedReply>(
        config_.queues, queues::QuiesceMessage{.seals = true},
        [this](std::size_t i, const queues::QuiescedReply& reply) { replies_[i] = reply; },
        [this] { finish(std::move(replies_)); }, [this] { finish(ended()); });
  }

  /// Passes each reply to `take`, and calls `next` after the last one. Calls `failed` for each queue
  /// that ends or refuses instead of a reply.
  template <class Reply, class Message, class Take, class Next, class Failed>
  void ask(const std::vector<queues::QueueHandle>& queues, Message message, Take take, Next next,
           Failed failed) {
    missing_ = queues.size();
    for (std::size_t i = 0; i < queues.size(); ++i) {
      self_->request(queues[i], caf::infinite, message)
          .then(
              [this, i, take, next](const Reply& reply) {
                take(i, reply);
                if (--missing_ == 0) next();
              },
              [failed](const caf::error&) { failed(); });
    }
    if (queues.empty()) next();
  }

  void finish(Result<std::vector<queues::QuiescedReply>> result) {
    if (!config_.done) return;
    std::exchange(config_.done, {})(std::move(result));
    self_->quit();
  }

  caf::event_based_actor* self_ = nullptr;
  QuiescerConfig config_;
  std::vector<queues::QuiescedReply> replies_;
  std::size_t missing_ = 0;
  std::string what_;
};

}  // namespace

void spawn_quiescer(caf::actor_system& system, QuiescerConfig config) {
  system.spawn([](caf::stateful_actor<QuiescerShell>* self,
                  QuiescerConfig inner) { return self->state.start(self, std::move(inner)); },
               std::move(config));
}

}  // namespace millrace
