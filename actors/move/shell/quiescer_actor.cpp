#include "actors/move/shell/quiescer_actor.hpp"

#include <algorithm>
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
    self->set_down_handler([this](const caf::down_msg& m) { on_down(m); });
    for (const auto* const some : {&config_.queues, &config_.ingresses}) {
      for (const queues::QueueHandle& queue : *some) {
        self->monitor(caf::actor_cast<caf::actor>(queue));
      }
    }
    unflushed_.resize(config_.ingresses.size(), true);
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
        [this] { pass_barrier(); });
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
    is_flushing_ = true;
    for (std::size_t i = 0; i < config_.ingresses.size(); ++i) {
      if (!unflushed_[i]) continue;
      self_->request(config_.ingresses[i], caf::infinite, queues::FlushMessage{})
          .then([this, i](const queues::FlushedReply&) { flushed(i); },
                [this](const caf::error& error) {
                  // Why an ingress ended is in its down message.
                  if (error != caf::sec::request_receiver_down) finish(ended());
                });
    }
    read_if_flushed();
  }

  void flushed(std::size_t ingress) {
    unflushed_[ingress] = false;
    read_if_flushed();
  }

  void read_if_flushed() {
    const bool is_flushed =
        std::find(unflushed_.begin(), unflushed_.end(), true) == unflushed_.end();
    if (is_flushing_ && is_flushed) {
      is_flushing_ = false;
      read();
    }
  }

  // An ingress retires if its shard has just moved, and its messages with it. Any other end means
  // that the node stops, and that messages may be left in the ingress.
  void on_down(const caf::down_msg& m) {
    for (std::size_t i = 0; i < config_.ingresses.size(); ++i) {
      if (!m.reason && config_.ingresses[i] == m.source) return flushed(i);
    }
    finish(ended());
  }

  void read() {
    what_ = "reading the state of the shard";
    ask<queues::QuiescedReply>(
        config_.queues, queues::QuiesceMessage{.seals = true},
        [this](std::size_t i, const queues::QuiescedReply& reply) { replies_[i] = reply; },
        [this] { finish(std::move(replies_)); });
  }

  /// Passes each reply to `take`, and calls `next` after the last one.
  template <class Reply, class Message, class Take, class Next>
  void ask(const std::vector<queues::QueueHandle>& queues, Message message, Take take, Next next) {
    missing_ = queues.size();
    for (std::size_t i = 0; i < queues.size(); ++i) {
      self_->request(queues[i], caf::infinite, message)
          .then(
              [this, i, take, next](const Reply& reply) {
                take(i, reply);
                if (--missing_ == 0) next();
              },
              [this](const caf::error&) { finish(ended()); });
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
  std::vector<bool> unflushed_;  ///< by ingress: may hold messages of the shard
  bool is_flushing_ = false;
  std::string what_;
};

}  // namespace

void spawn_quiescer(caf::actor_system& system, QuiescerConfig config) {
  system.spawn([](caf::stateful_actor<QuiescerShell>* self,
                  QuiescerConfig inner) { return self->state.start(self, std::move(inner)); },
               std::move(config));
}

}  // namespace millrace
