#include "actors/receiver/suspect_gate.hpp"

#include <algorithm>
#include <utility>

#include "actors/receiver/shell/receiver_actor.hpp"

namespace millrace::receivers {

void SuspectGate::Permit::release() {
  gate_->leave(number_);
}

std::shared_ptr<SuspectGate::Permit> SuspectGate::try_enter(const AnyActor& receiver) {
  const std::lock_guard lock(mutex_);
  if (holder_ == 0) {
    holder_ = ++last_;
    return std::shared_ptr<Permit>(new Permit(shared_from_this(), holder_));
  }
  if (std::find(wait_.begin(), wait_.end(), receiver) == wait_.end()) wait_.push_back(receiver);
  return nullptr;
}

void SuspectGate::leave(std::uint64_t number) {
  std::vector<AnyActor> woken;
  {
    const std::lock_guard lock(mutex_);
    if (holder_ != number) return;
    holder_ = 0;
    woken.swap(wait_);
  }
  for (const AnyActor& receiver : woken) tell(receiver, IdleMessage{});
}

}  // namespace millrace::receivers
