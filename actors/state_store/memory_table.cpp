#include "actors/state_store/memory_table.hpp"

namespace millrace::states {

Result<void> MemoryTable::open(std::optional<std::uint64_t> copy) {
  const std::lock_guard lock(mutex_);
  items_.clear();
  if (!copy) return {};
  const auto found = disk_->copies.find(*copy);
  if (found == disk_->copies.end()) {
    return Error{ErrorCode::not_found, "there is no copy " + std::to_string(*copy)};
  }
  items_ = found->second;
  return {};
}

Result<std::optional<std::string>> MemoryTable::get(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto found = items_.find(key);
  if (found == items_.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

Table::Peeked MemoryTable::peek(std::string_view key) {
  if (!peeks_) return {};
  return {true, *get(key)};
}

Result<void> MemoryTable::write(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  for (const auto& [from, to] : batch.removed_ranges) {
    items_.erase(items_.lower_bound(from), items_.lower_bound(to));
  }
  for (const auto& [key, value] : batch.items) {
    if (value) {
      items_.insert_or_assign(key, *value);
    } else {
      items_.erase(key);
    }
  }
  return {};
}

Result<void> MemoryTable::visit(std::string_view from, std::string_view to,
                                const ItemVisitor& visit) {
  const std::lock_guard lock(mutex_);
  for (auto it = items_.lower_bound(from); it != items_.end() && it->first < to; ++it) {
    if (!visit(it->first, it->second)) break;
  }
  return {};
}

Result<void> MemoryTable::save(std::uint64_t copy) {
  const std::lock_guard lock(mutex_);
  disk_->copies[copy] = items_;
  return {};
}

Result<std::vector<std::uint64_t>> MemoryTable::saved() {
  const std::lock_guard lock(mutex_);
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, items] : disk_->copies) numbers.push_back(number);
  return numbers;
}

TableSize MemoryTable::size() {
  const std::lock_guard lock(mutex_);
  return {.items = items_.size()};
}

Result<void> MemoryTable::remove(std::uint64_t copy) {
  const std::lock_guard lock(mutex_);
  disk_->copies.erase(copy);
  return {};
}

}  // namespace millrace::states
