#include "cluster/federation/shell/answer_actor.hpp"

#include <map>
#include <optional>
#include <utility>

#include <caf/all.hpp>

namespace millrace::federation {
namespace {

class AnswerShell {
 public:
  static inline const char* name = "millrace.answerer";

  caf::behavior start(caf::event_based_actor* self, AnswererConfig config) {
    config_ = std::move(config);
    self->set_exit_handler([self](const caf::exit_msg& exit) { self->quit(exit.reason); });
    return {
        [this](const queues::AttachReply& m) {
          Lane& lane = lanes_[m.queue];
          lane.attached = attached_to_frame(config_.names->of(m.queue), m.last, m.refusal);
          lane.settled.reset();  // of the previous attachment
          flush(lane);
        },
        [this](const queues::OfferReply& m) {
          Lane& lane = lanes_[m.queue];
          lane.settled =
              to_frame(config_.names->of(m.queue), senders::Answer{m.settled, m.taken, m.refusal});
          flush(lane);
        },
        [this](const queues::ResumeMessage& m) {
          Lane& lane = lanes_[m.queue];
          lane.resume = resume_to_frame(config_.names->of(m.queue));
          flush(lane);
        },
        [this](const forwarders::LinkMessage&) { lanes_.clear(); },
        [this](const forwarders::WritableMessage&) {
          for (auto& [number, lane] : lanes_) {
            if (!flush(lane)) return;
          }
        },
    };
  }

 private:
  /// Answers of one queue that wait for room on the link. A later answer of a kind replaces the
  /// earlier one, so the waiting answers are bounded by the number of queues.
  struct Lane {
    std::optional<transport::Frame> attached{};
    std::optional<transport::Frame> settled{};
    std::optional<transport::Frame> resume{};
  };

  // Returns false if the window of the link is full.
  bool flush(Lane& lane) { return send(lane.attached) && send(lane.settled) && send(lane.resume); }

  bool send(std::optional<transport::Frame>& frame) {
    if (!frame) return true;
    const Result<void> sent = config_.transport->send(config_.peer, std::move(*frame));
    if (!sent && sent.error().code == ErrorCode::backlog_full) return false;
    frame.reset();  // sent, or the link is down: then the other side asks again
    return true;
  }

  AnswererConfig config_;
  std::map<queues::QueueNumber, Lane> lanes_;
};

}  // namespace

caf::actor spawn_answerer(caf::actor_system& system, AnswererConfig config) {
  return system.spawn(
      [](caf::stateful_actor<AnswerShell>* self, AnswererConfig inner) {
        return self->state.start(self, std::move(inner));
      },
      std::move(config));
}

}  // namespace millrace::federation
