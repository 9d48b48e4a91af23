#include "actors/queue/shell/installs.hpp"

#include <utility>

#include "actors/queue/move/install.hpp"

namespace millrace::queues {

Decision Installs::next(TimeUs now_us) {
  Decision decision;
  while (!is_under_way_ && !is_abandoned_ && !waiting_.empty()) {
    const InstallMessage& m = waiting_.front();
    if (auto checked = check_install(*state_, *m.install); !checked) {
      (*m.done)(std::move(checked));
      waiting_.pop_front();
      continue;
    }
    is_under_way_ = true;
    decision.record = new_record(*state_, now_us);
    *change_of(*decision.record, state_->number).mutable_install() = *m.install;
  }
  return decision;
}

void Installs::committed() {
  is_under_way_ = false;
  (*waiting_.front().done)({});
  waiting_.pop_front();
}

}  // namespace millrace::queues
