#include "actors/queue/state/topic_table.hpp"

#include <algorithm>
#include <limits>

namespace millrace::queues {

std::int32_t sequence_after(std::int32_t sequence, std::uint32_t count) {
  constexpr std::int64_t modulus = std::int64_t{std::numeric_limits<std::int32_t>::max()} + 1;
  return static_cast<std::int32_t>((std::int64_t{sequence} + count) % modulus);
}

std::optional<std::int64_t> Topic::needed_from() const {
  std::optional<std::int64_t> needed;
  for (const auto& [name, group] : groups)
    needed = std::min(needed.value_or(group.needs_from()), group.needs_from());
  return needed;
}

std::deque<TopicBatch>::const_iterator Topic::batch_at(std::int64_t offset) const {
  return std::partition_point(batches.begin(), batches.end(),
                              [=](const TopicBatch& batch) { return batch.end() <= offset; });
}

}  // namespace millrace::queues
