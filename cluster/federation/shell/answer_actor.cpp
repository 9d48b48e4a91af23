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
          lane.settled.reset();  // of the attachment before
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
  /// What waits for room on the link: a later answer of a kind replaces the one before, so that the
  /// number of queues bounds what waits.
  struct Lane {
    std::optional<transport::Frame> attached{};
    std::optional<transport::Frame> settled{};
    std::optional<transport::Frame> resume{};
  };

  // False when the link takes no more.
  bool flush(Lane& lane) { return send(lane.attached) && send(lane.settled) && send(lane.resume); }

  bool send(std::optional<transport::Frame>& frame) {
    if (!frame) return true;
    const Result<void> sent = config_.transport->send(config_.peer, std::move(*frame));
    if (!sent && sent.error().code == ErrorCode::backlog_full) return false;
    frame.reset();  // sent; or the link is down, and the other side will ask again
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
