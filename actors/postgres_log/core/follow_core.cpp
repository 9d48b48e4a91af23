#include "actors/postgres_log/core/follow_core.hpp"

namespace millrace::postgres_log {
namespace {

std::string log_name(const std::string& run, std::int32_t seat) {
  return run + " seat " + std::to_string(seat);
}

}  // namespace

FollowPlan FollowCore::plan(const FollowView& view) const {
  using Task = FollowPlan::Task;
  if (view.seat == 0) return {Task::wait, "there is no such seat"};
  if (view.has_moved) return {Task::wait, "its log has moved elsewhere"};
  if (view.epoch == 0) return {Task::wait, "no process has taken the seat yet"};
  if (!is_begun()) return {Task::begin, "from its newest checkpoint"};
  if (log_name(view.run, view.seat) != log_) {
    return {Task::begin,
            "another server answers, or it was started again, or the seat was made anew"};
  }
  if (view.epoch < epoch_) return {Task::begin, "the server has an older state than before"};
  return {is_complete() ? Task::rows : Task::parts, {}};
}

void FollowCore::begin(const FollowView& view) {
  *this = {};
  log_ = log_name(view.run, view.seat);
  epoch_ = view.epoch;
  checkpoint_ = view.checkpoint;
  parts_ = view.checkpoint == 0 ? 0 : view.parts;
  next_ = view.checkpoint == 0 ? 1 : view.replay_from;
}

Result<void> check_followed(const logs::FollowMark& mark, const TakenLog& log) {
  const auto outdated = [](const std::string& why) {
    return Error{ErrorCode::outdated, why};
  };
  if (!mark.is_complete) return outdated("its checkpoint was not read to the end");
  if (mark.log != log_name(log.run, log.seat)) {
    return outdated("another server answers, or it was started again, or the seat was made anew");
  }
  if (mark.last_lsn > log.last_lsn) {
    return outdated("record " + std::to_string(mark.last_lsn) +
                    " was followed, and the log ends with " + std::to_string(log.last_lsn));
  }
  const bool has_next = log.first_lsn != 0 && log.first_lsn <= mark.last_lsn + 1;
  if (mark.last_lsn + 1 < log.replay_from && !has_next) {
    return outdated("records behind " + std::to_string(mark.last_lsn) + " were released");
  }
  return {};
}

}  // namespace millrace::postgres_log
