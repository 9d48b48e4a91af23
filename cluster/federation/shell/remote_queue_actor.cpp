#include "cluster/federation/shell/remote_queue_actor.hpp"

#include <deque>
#include <utility>

#include <caf/all.hpp>

namespace millrace::federation {
namespace {

class RemoteQueueShell {
 public:
  static inline const char* name = "millrace.remote_queue";

  caf::behavior start(caf::event_based_actor* self, RemoteQueueConfig config) {
    self_ = self;
    config_ = std::move(config);
    self->set_exit_handler([self](const caf::exit_msg& exit) { self->quit(exit.reason); });
    return {
        [this](const queues::AttachMessage& m) {
          forwarder_ = m.sender;
          waiting_.clear();  // offers of the previous attachment
          if (!is_up_) return tell(forwarders::LinkMessage{false});
          send(to_frame(config_.target, m.request));
        },
        [this](const queues::OfferMessage& m) {
          for (transport::Frame& frame : to_frames(config_.target, *m.offer)) {
            send(std::move(frame));
          }
        },
        [this](const forwarders::LinkMessage& m) { on_link(m.is_up); },
        [this](const forwarders::WritableMessage&) { flush(); },
        [this](const queues::AttachReply& m) { tell(m); },
        [this](const queues::OfferReply& m) { tell(m); },
        [this](const queues::ResumeMessage& m) { tell(m); },
    };
  }

 private:
  template <class Message>
  void tell(const Message& message) {
    if (forwarder_) caf::anon_send(caf::actor_cast<caf::actor>(forwarder_), message);
  }

  // The waiting frames are bounded: the forwarder has at most one unanswered offer.
  void send(transport::Frame frame) {
    waiting_.push_back(std::move(frame));
    flush();
  }

  void flush() {
    while (!waiting_.empty()) {
      const Result<void> sent = config_.transport->send(config_.node, std::move(waiting_.front()));
      if (!sent && sent.error().code == ErrorCode::backlog_full) return;
      waiting_.pop_front();  // sent, or the link is down: the forwarder attaches again
    }
  }

  void on_link(bool is_up) {
    is_up_ = is_up;
    waiting_.clear();
    tell(forwarders::LinkMessage{is_up});
  }

  caf::event_based_actor* self_ = nullptr;
  RemoteQueueConfig config_;
  caf::strong_actor_ptr forwarder_;
  bool is_up_ = false;
  std::deque<transport::Frame> waiting_;
};

}  // namespace

caf::actor spawn_remote_queue(caf::actor_system& system, RemoteQueueConfig config) {
  return system.spawn(
      [](caf::stateful_actor<RemoteQueueShell>* self, RemoteQueueConfig inner) {
        return self->state.start(self, std::move(inner));
      },
      std::move(config));
}

}  // namespace millrace::federation
