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

bool Receivers::remove(ReceiverId id) {
  state_.live.receivers.erase(id);
  return receivers_.erase(id) > 0;
}

void Receivers::clear() {
  for (const auto& [id, receiver] : receivers_) {
    queue_->demonitor(caf::actor_cast<caf::actor>(receiver));
  }
  receivers_.clear();
  state_.live.receivers.clear();
}

void Receivers::send(std::vector<Grant> grants) {
  std::map<ReceiverId, std::vector<Grant>> batches;
  for (Grant& grant : grants) batches[grant.receiver].push_back(std::move(grant));
  for (auto& [id, batch] : batches) {
    const auto receiver = receivers_.find(id);
    if (receiver == receivers_.end()) continue;
    caf::anon_send(
        caf::actor_cast<caf::actor>(receiver->second),
        GrantMessage{state_.number, std::make_shared<const std::vector<Grant>>(std::move(batch))});
  }
}

}  // namespace millrace::queues
