#include "actors/journal/write/pending_records.hpp"

#include <iterator>
#include <utility>

namespace millrace::journal {

void PendingRecords::add(std::span<std::shared_ptr<Proposal>> proposals) {
  if (is_empty()) since_ = Clock::now();
  for (std::shared_ptr<Proposal>& proposal : proposals) {
    bytes_ += frame_bytes(proposal->body.size());
    records_.push_back(Committed{0, Place{}, std::move(proposal)});
  }
}

std::uint64_t PendingRecords::take(Group& group, std::uint64_t bytes_max) {
  if (taken_ == 0 && bytes_ <= bytes_max) {
    records_.swap(group.records);  // group.records is empty and keeps its capacity
    return std::exchange(bytes_, 0);
  }
  std::uint64_t bytes = 0;
  std::size_t end = taken_;
  for (; end < records_.size(); ++end) {
    const std::uint64_t next = frame_bytes(records_[end].proposal->body.size());
    if (end > taken_ && bytes + next > bytes_max) break;
    bytes += next;
  }
  const auto from = records_.begin();
  group.records.assign(std::make_move_iterator(from + static_cast<std::ptrdiff_t>(taken_)),
                       std::make_move_iterator(from + static_cast<std::ptrdiff_t>(end)));
  taken_ = end;
  // Erase only when at least half is taken, so that each record is moved a bounded number of times.
  if (taken_ >= records_.size() - taken_) {
    records_.erase(records_.begin(), from + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
  bytes_ -= bytes;
  return bytes;
}

}  // namespace millrace::journal
