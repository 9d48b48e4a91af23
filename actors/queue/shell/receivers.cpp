#include "actors/queue/shell/receivers.hpp"

#include <memory>
#include <utility>

#include <caf/all.hpp>

namespace millrace::queues {

void Receivers::add(const SubscribeMessage& m) {
  const ReceiverId id = m.receiver->id();
  queue_->monitor(caf::actor_cast<caf::actor>(m.receiver));
  receivers_[id] = m.receiver;
  state_.live.receivers[id] = {m.credit};
}

void Receivers::claim(const ClaimMessage& m) {
  const ReceiverId id = m.receiver->id();
  if (receivers_.try_emplace(id, m.receiver).second) {
    queue_->monitor(caf::actor_cast<caf::actor>(m.receiver));
  }
  claimers_.insert(id);
  state_.live.receivers[id] = {.demand = m.max, .claims = true, .lease_us = m.lease_us};
}

void Receivers::unclaim(const UnclaimMessage& m) {
  const auto receiver = state_.live.receivers.find(m.receiver->id());
  if (receiver == state_.live.receivers.end() || !receiver->second.claims) return;
  receiver->second.claims = false;
  receiver->second.demand = 0;
  tell(receiver->first, ClaimedMessage{state_.number, true});
}

bool Receivers::remove(ReceiverId id) {
  state_.live.receivers.erase(id);
  claimers_.erase(id);
  return receivers_.erase(id) > 0;
}

void Receivers::clear() {
  for (const auto& [id, receiver] : receivers_) {
    queue_->demonitor(caf::actor_cast<caf::actor>(receiver));
  }
  receivers_.clear();
  claimers_.clear();
  state_.live.receivers.clear();
}

void Receivers::send(std::vector<Grant> grants) {
  std::map<ReceiverId, std::vector<Grant>> batches;
  for (Grant& grant : grants) batches[grant.receiver].push_back(std::move(grant));
  for (auto& [id, batch] : batches) {
    tell(id,
         GrantMessage{state_.number, std::make_shared<const std::vector<Grant>>(std::move(batch))});
  }
}

void Receivers::send(const ClaimsEnded& ended) {
  for (const ReceiverId id : ended.all) tell(id, ClaimedMessage{state_.number, true});
  for (const ReceiverId id : ended.some) tell(id, ClaimedMessage{state_.number, false});
  for (const ReceiverId id : ended.ready) tell(id, ReadyMessage{state_.number});
}

void Receivers::recall() {
  for (const ReceiverId id : claimers_) tell(id, RecallMessage{state_.number});
}

void Receivers::send(ReceiverId receiver, OutcomesMessage outcomes) {
  tell(receiver, std::move(outcomes));
}

template <class M>
void Receivers::tell(ReceiverId receiver, M message) const {
  const auto found = receivers_.find(receiver);
  if (found == receivers_.end()) return;
  caf::anon_send(caf::actor_cast<caf::actor>(found->second), std::move(message));
}

}  // namespace millrace::queues
