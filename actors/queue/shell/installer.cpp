#include "actors/queue/shell/installer.hpp"

#include <utility>

#include "actors/queue/move/target.hpp"

namespace millrace::queues {

Decision Installer::next(TimeUs now_us) {
  Decision decision;
  while (!is_in_flight_ && !is_abandoned_ && !waiting_.empty()) {
    const InstallMessage& m = waiting_.front();
    if (auto checked = check_install(state_, *m.install); !checked) {
      (*m.done)(std::move(checked));
      waiting_.pop_front();
      continue;
    }
    is_in_flight_ = true;
    decision.record = new_record(state_, now_us);
    *change_of(*decision.record, state_.number).mutable_install() = *m.install;
  }
  return decision;
}

void Installer::committed() {
  is_in_flight_ = false;
  (*waiting_.front().done)({});
  waiting_.pop_front();
}

}  // namespace millrace::queues
