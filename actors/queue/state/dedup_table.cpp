#include "actors/queue/state/dedup_table.hpp"

#include <algorithm>

namespace millrace::queues {

const Producer* DedupTable::find(std::string_view producer) const {
  const auto it = producers_.find(producer);
  return it == producers_.end() ? nullptr : &it->second;
}

void DedupTable::set(std::string_view producer, Producer value) {
  if (const auto it = producers_.find(producer); it != producers_.end()) {
    it->second = value;
  } else {
    producers_.emplace(std::string(producer), value);
  }
}

void DedupTable::forget(std::string_view producer) {
  if (const auto it = producers_.find(producer); it != producers_.end()) producers_.erase(it);
}

std::vector<std::string> DedupTable::idle_since(TimeUs limit_us) const {
  std::vector<std::string> idle;
  for (const auto& [name, producer] : producers_) {
    if (producer.generation == 0 && producer.active_at_us < limit_us) idle.push_back(name);
  }
  return idle;
}

void DedupTable::remember(const IdempotencyKey& used) {
  latest_[used.id] = used;
  ages_.push_back(used);
}

void DedupTable::trim_idempotency_keys(TimeUs since_us, std::size_t max) {
  while (!ages_.empty() && (ages_.front().at_us < since_us || ages_.size() > max)) {
    // A key that was used again after its window also has a later entry.
    const auto it = latest_.find(ages_.front().id);
    if (it != latest_.end() && it->second.at_us == ages_.front().at_us) latest_.erase(it);
    ages_.pop_front();
  }
}

void DedupTable::clock_set_forwards(DurationUs by_us) {
  for (auto& [name, producer] : producers_) {
    producer.active_at_us = time_after(producer.active_at_us, by_us);
  }
  for (auto& [id, used] : latest_) used.at_us = time_after(used.at_us, by_us);
  for (IdempotencyKey& key : ages_) key.at_us = time_after(key.at_us, by_us);
}

void DedupTable::clock_set_back(TimeUs at_us) {
  for (auto& [id, used] : latest_) used.at_us = std::min(used.at_us, at_us);
  for (IdempotencyKey& key : ages_) key.at_us = std::min(key.at_us, at_us);
}

}  // namespace millrace::queues
