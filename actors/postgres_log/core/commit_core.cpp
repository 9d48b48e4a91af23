#include "actors/postgres_log/core/commit_core.hpp"

#include "actors/base/assert.hpp"

namespace millrace::postgres_log {

void CommitCore::open_segment(SegmentNumber segment) {
  MILLRACE_ASSERT(segment > segment_);
  segment_ = segment;
  segment_first_lsn_ = next_lsn_;
  segment_used_ = 0;
}

GroupNumber CommitCore::begin(std::uint32_t count, std::uint64_t bytes) {
  MILLRACE_ASSERT(may_begin() && segment_ != 0 && count > 0);
  groups_.push_back({{segment_, segment_first_lsn_, next_lsn_, count, bytes}, State::flying});
  next_lsn_ += count;
  segment_used_ += bytes;
  ++flying_;
  return first_number_ + groups_.size() - 1;
}

void CommitCore::on_written(GroupNumber number) {
  MILLRACE_ASSERT(at(number).state == State::flying);
  at(number).state = State::written;
  --flying_;
}

void CommitCore::on_lost(GroupNumber number) {
  MILLRACE_ASSERT(at(number).state == State::flying);
  at(number).state = State::doubt;
  --flying_;
  must_settle_ = true;
}

Result<std::vector<GroupNumber>> CommitCore::missing(std::span<const SeenRow> seen) const {
  MILLRACE_ASSERT(may_settle());
  std::vector<GroupNumber> missing;
  std::size_t at = 0;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const GroupSpan& span = groups_[i].span;
    if (at < seen.size() && seen[at].lsn == span.first_lsn && seen[at].count == span.count) {
      ++at;
    } else {
      missing.push_back(first_number_ + i);
    }
  }
  if (at == seen.size()) return missing;
  return Error{ErrorCode::corrupt,
               "record " + std::to_string(seen[at].lsn) + " is in the log, and not by its owner"};
}

void CommitCore::on_settled() {
  MILLRACE_ASSERT(may_settle());
  for (Group& group : groups_) group.state = State::written;
  must_settle_ = false;
}

std::optional<GroupNumber> CommitCore::take_confirmed() {
  if (groups_.empty() || groups_.front().state != State::written) return std::nullopt;
  confirmed_lsn_ = groups_.front().span.last_lsn();
  groups_.pop_front();
  return first_number_++;
}

}  // namespace millrace::postgres_log
