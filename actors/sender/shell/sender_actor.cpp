#include "actors/sender/shell/sender_actor.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include "actors/base/shell/tick_timer.hpp"
#include "messages/hash.hpp"

namespace millrace::senders {
namespace {

constexpr DurationUs attach_retry_us = 2'000'000;

class SenderShell {
 public:
  static inline const char* name = "millrace.sender";

  caf::behavior start(caf::event_based_actor* self, SenderConfig config,
                      std::shared_ptr<SenderInbox> inbox) {
    self_ = self;
    config_ = std::move(config);
    inbox_ = std::move(inbox);
    lanes_.resize(config_.shards.size());
    for (std::size_t shard = 0; shard < lanes_.size(); ++shard) {
      lanes_[shard].name = config_.producer + "/" + std::to_string(shard);
    }
    self->attach_functor([inbox = inbox_] { inbox->fail(stopped_error()); });
    self->set_exit_handler([this](const caf::exit_msg& exit) {
      fail(stopped_error());
      self_->quit(exit.reason);
    });
    attach_all();
    return {
        [this](const queues::AttachReply& m) { on_attached(m); },
        [this](const queues::OfferReply& m) { on_reply(m); },
        [this](const queues::ResumeMessage& m) { on_resume(m); },
        [this](const WakeMessage&) { on_wake(); },
        [this](const TickMessage& m) {
          if (tick_.is_due(self_, m, now())) on_tick();
        },
    };
  }

 private:
  /// The stream to one shard.
  struct Lane {
    Stream stream;
    struct Unconfirmed {
      Confirmation confirmation;
      std::uint64_t bytes;
    };
    std::deque<Unconfirmed> confirmations;  ///< one for each of stream.kept, in order
    std::string name;  ///< "<producer>/<shard>": ids of messages are derived from it
  };

  static Error stopped_error() { return {ErrorCode::draining, "the sender has been stopped"}; }

  [[nodiscard]] SteadyUs now() const { return config_.clock->steady_us(); }

  void attach_all() {
    for (std::size_t shard = 0; shard < lanes_.size(); ++shard) {
      if (lanes_[shard].stream.is_attached) continue;
      self_->send(config_.shards[shard],
                  queues::AttachMessage{{config_.producer, config_.epoch},
                                        caf::actor_cast<caf::strong_actor_ptr>(self_)});
      schedule(now() + attach_retry_us);
    }
  }

  [[nodiscard]] std::size_t shard_of_queue(queues::QueueNumber number) const {
    const auto it = std::find(config_.numbers.begin(), config_.numbers.end(), number);
    return static_cast<std::size_t>(it - config_.numbers.begin());
  }

  void on_attached(const queues::AttachReply& m) {
    if (m.refusal) return fail(*m.refusal);
    Lane& lane = lanes_[shard_of_queue(m.queue)];
    // A second answer to a repeated attach. Its last number may include records in flight, so it
    // must not settle messages.
    if (lane.stream.is_attached) return;
    if (const auto result = senders::on_attached(lane.stream, m.last); !result)
      return fail(result.error());
    if (std::all_of(lanes_.begin(), lanes_.end(),
                    [](const Lane& l) { return l.stream.is_attached; })) {
      std::vector<std::uint64_t> last;
      for (const Lane& each : lanes_) last.push_back(each.stream.settled);
      inbox_->set_ready(std::move(last));
    }
    offer(shard_of_queue(m.queue));
  }

  void on_wake() {
    for (UnsentMessage& message : inbox_->take_all()) {
      Lane& lane = lanes_[message.shard];
      const MessageId id = offer_id(lane.name, lane.stream.last() + 1);
      message.envelope->set_id_high(id.high);
      message.envelope->set_id_low(id.low);
      push(lane.stream, std::move(message.envelope));
      lane.confirmations.push_back({std::move(message.confirmation), message.bytes});
    }
    for (std::size_t shard = 0; shard < lanes_.size(); ++shard) offer(shard);
    quit_if_done();
  }

  void on_reply(const queues::OfferReply& m) {
    const std::size_t shard = shard_of_queue(m.queue);
    Lane& lane = lanes_[shard];
    const auto settled =
        on_answer(lane.stream, {m.settled, m.taken, m.refusal}, config_.limits, now());
    if (!settled) return fail(settled.error());
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < *settled; ++i) {
      confirm(lane.confirmations.front().confirmation, {});
      bytes += lane.confirmations.front().bytes;
      lane.confirmations.pop_front();
    }
    if (*settled > 0) inbox_->confirm(*settled, bytes);
    offer(shard);
    quit_if_done();
  }

  void on_resume(const queues::ResumeMessage& m) {
    const std::size_t shard = shard_of_queue(m.queue);
    senders::on_resume(lanes_[shard].stream);
    offer(shard);
  }

  void on_tick() {
    attach_all();
    for (std::size_t shard = 0; shard < lanes_.size(); ++shard) {
      resend_if_due(lanes_[shard].stream, config_.limits, now());
      offer(shard);
    }
  }

  void offer(std::size_t shard) {
    Lane& lane = lanes_[shard];
    while (true) {
      OfferBatch batch = next_batch(lane.stream, config_.limits, self_->id(), now());
      if (batch.messages.empty()) break;
      auto offer = std::make_shared<queues::Offer>();
      offer->producer = config_.producer;
      offer->epoch = config_.epoch;
      offer->first = batch.first;
      offer->messages = std::move(batch.messages);
      self_->send(config_.shards[shard], queues::OfferMessage{std::move(offer)});
    }
    if (lane.stream.resend_at_us != 0) schedule(lane.stream.resend_at_us);
  }

  void schedule(SteadyUs due_us) { tick_.set(self_, due_us, now()); }

  // The confirmation of one message must not end those of the others.
  static void confirm(const Confirmation& confirmation, const Result<void>& result) {
    if (!confirmation) return;
    try {
      confirmation(result);
    } catch (const std::exception& error) {
      spdlog::error("a confirmation of a sender threw: {}", error.what());
    } catch (...) {
      spdlog::error("a confirmation of a sender threw something that is not a std::exception");
    }
  }

  void quit_if_done() {
    if (inbox_->is_done()) self_->quit(caf::exit_reason::user_shutdown);
  }

  // Completes all confirmations with `error`: whether those messages are durable is unknown.
  void fail(const Error& error) {
    inbox_->fail(error);
    for (Lane& lane : lanes_) {
      for (const auto& [confirmation, bytes] : lane.confirmations) {
        confirm(confirmation, error);
      }
      lane.confirmations.clear();
    }
    for (UnsentMessage& message : inbox_->take_all()) {
      confirm(message.confirmation, error);
    }
    self_->quit();
  }

  caf::event_based_actor* self_ = nullptr;
  SenderConfig config_;
  std::shared_ptr<SenderInbox> inbox_;
  std::vector<Lane> lanes_;
  TickTimer tick_;
};

}  // namespace

caf::actor spawn_sender(caf::actor_system& system, SenderConfig config,
                        std::shared_ptr<SenderInbox> inbox) {
  return system.spawn(
      [](caf::stateful_actor<SenderShell>* self, SenderConfig inner,
         std::shared_ptr<SenderInbox> out) {
        return self->state.start(self, std::move(inner), std::move(out));
      },
      std::move(config), std::move(inbox));
}

}  // namespace millrace::senders
