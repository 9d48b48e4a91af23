#include "actors/queue/move/page_to_move.hpp"

#include <algorithm>

#include "actors/queue/snapshot/snapshot.hpp"

namespace millrace::queues {
namespace {

constexpr std::size_t chunk_messages = 512;
constexpr std::size_t chunk_bytes = 64u << 10;

}  // namespace

MovedPage page_to_move(const State& state, Sequence from, Sequence up_to) {
  MovedPage out{page_of(state, from, chunk_messages, chunk_bytes), {}};
  std::erase_if(out.page.messages, [=](const PageEntry& one) { return one.sequence > up_to; });
  if (out.page.next > up_to) out.page.next = 0;
  if (!out.page.messages.empty()) {
    out.columns = snapshot_of_messages(state, out.page.messages.front().sequence,
                                       out.page.messages.back().sequence);
  }
  return out;
}

void shift_times(pb::SnapshotPart& part, DurationUs by_us) {
  // What is no time is refused later, as it is.
  const auto shifted = [by_us](TimeUs at_us) {
    return is_time(at_us) && at_us > 0 ? std::clamp<TimeUs>(at_us + by_us, 1, time_max_us) : at_us;
  };
  switch (part.part_case()) {
    case pb::SnapshotPart::kHead:
      part.mutable_head()->set_at_us(shifted(part.head().at_us()));
      return;
    case pb::SnapshotPart::kMessages:
      for (auto& extra : *part.mutable_messages()->mutable_extra()) {
        extra.set_not_before_us(shifted(extra.not_before_us()));
        extra.set_first_failed_at_us(shifted(extra.first_failed_at_us()));
        extra.set_last_failed_at_us(shifted(extra.last_failed_at_us()));
      }
      return;
    case pb::SnapshotPart::kKeyed:
      for (auto& timer : *part.mutable_keyed()->mutable_timer()) {
        timer.set_due_us(shifted(timer.due_us()));
      }
      return;
    case pb::SnapshotPart::kProducers:
      for (auto& one : *part.mutable_producers()->mutable_producer()) {
        one.set_active_at_us(shifted(one.active_at_us()));
      }
      for (auto& key : *part.mutable_producers()->mutable_idempotency_key()) {
        key.set_at_us(shifted(key.at_us()));
      }
      return;
    default:
      return;
  }
}

}  // namespace millrace::queues
