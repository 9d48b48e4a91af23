#include "actors/queue/shell/sessions.hpp"

#include <utility>

#include <caf/all.hpp>

namespace millrace::queues {
namespace {

constexpr const char* being_moved = " is being moved to another node";
constexpr const char* owned_elsewhere = " belongs to another node now";

template <class Message>
void send(const caf::strong_actor_ptr& to, Message message) {
  if (to) caf::anon_send(caf::actor_cast<caf::actor>(to), std::move(message));
}

}  // namespace

Error Sessions::taken_over(const std::string& producer) const {
  return {ErrorCode::fenced,
          "another sender goes on as producer " + producer + " at " + state_.name};
}

void Sessions::attached(const AttachMessage& m, const AttachDecision& decision) {
  const std::string& producer = m.request.producer;
  if (!decision.refusal) {
    Session& session = sessions_[producer];
    if (session.sender && session.sender != m.sender) {
      send(session.sender, AttachReply{state_.number, 0, taken_over(producer)});
    }
    session = {m.sender, false, m.forwards};
    if (decision.decision.record) {
      attaching_[producer] = m.sender;
      return;
    }
  }
  send(m.sender, AttachReply{state_.number, decision.last, decision.refusal});
}

Error Sessions::not_owner(const char* reason) const {
  return {ErrorCode::not_owner,
          "shard " + std::to_string(state_.declaration->shard()) + " of " + state_.name + reason};
}

bool Sessions::admits(const AttachMessage& m) const {
  // A forwarder of another node may still send to this queue after it has become an outbox.
  if (!m.forwards || (!state_.live.sealed && !state_.is_outbox)) return true;
  send(m.sender,
       AttachReply{state_.number, 0, not_owner(state_.is_outbox ? owned_elsewhere : being_moved)});
  return false;
}

bool Sessions::admits(const Offer& offer, const caf::strong_actor_ptr& from) const {
  const auto session = sessions_.find(offer.producer);
  const bool is_attached = session != sessions_.end();
  if (is_attached && session->second.sender == from) {
    if (!session->second.forwards || !state_.live.sealed) return true;
    send(from, OfferReply{state_.number, 0, 0, not_owner(being_moved)});
    return false;
  }
  const Error error =
      is_attached ? taken_over(offer.producer)
                  : Error{ErrorCode::unknown_producer,
                          "producer " + offer.producer + " is not attached to " + state_.name};
  send(from, OfferReply{state_.number, 0, 0, error});
  return false;
}

void Sessions::reply(const Offer& offer, OfferDecision& decision) {
  Session& session = sessions_[offer.producer];
  if (decision.refusal && !std::exchange(session.refused, true)) {
    refused_.insert(offer.producer);
  }
  send(session.sender,
       OfferReply{state_.number, decision.settled, decision.taken, std::move(decision.refusal)});
}

void Sessions::committed(const pb::Change& change) {
  for (const pb::Attach& attach : change.attach()) {
    const auto attaching = attaching_.find(attach.producer());
    if (attaching == attaching_.end()) continue;
    const Producer* producer = state_.durable.dedup.find(attach.producer());
    send(attaching->second, AttachReply{state_.number, producer->last, std::nullopt});
    attaching_.erase(attaching);
  }
  for (const pb::Produced& produced : change.produced()) {
    const auto session = sessions_.find(produced.producer());
    if (session == sessions_.end()) continue;
    const std::uint64_t last = produced.first() + produced.count() - 1;
    send(session->second.sender, OfferReply{state_.number, last, last, std::nullopt});
  }
  for (const std::string& producer : change.forget_producer()) sessions_.erase(producer);
}

bool Sessions::is_forwarded(const std::string& producer) const {
  const auto session = sessions_.find(producer);
  return session != sessions_.end() && session->second.forwards;
}

void Sessions::end_forwarded() {
  std::erase_if(sessions_, [this](const auto& one) {
    if (!one.second.forwards) return false;
    send(one.second.sender, OfferReply{state_.number, 0, 0, not_owner(owned_elsewhere)});
    return true;
  });
}

void Sessions::resume() {
  for (const std::string& producer : std::exchange(refused_, {})) {
    const auto session = sessions_.find(producer);
    if (session == sessions_.end() || !std::exchange(session->second.refused, false)) continue;
    send(session->second.sender, ResumeMessage{state_.number});
  }
}

}  // namespace millrace::queues
