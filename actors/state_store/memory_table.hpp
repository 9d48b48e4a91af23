// MemoryTable: a Table in memory, for tests and for simulations.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "actors/state_store/table.hpp"

namespace millrace::states {

/// The disk of a MemoryTable: what remains when the process ends. Thread-safe where it is used by
/// one table at a time. A test may change it between two tables.
struct MemoryDisk {
  using Items = std::map<std::string, std::string, std::less<>>;
  std::map<std::uint64_t, Items> copies{};
};

/// Tests derive tables from it that lose what they should keep.
class MemoryTable : public Table {
 public:
  /// `peeks`: whether peek() knows the items. `disk` remains live.
  explicit MemoryTable(std::shared_ptr<MemoryDisk> disk, bool peeks = true)
      : disk_(std::move(disk)), peeks_(peeks) {}

  Result<void> open(std::optional<std::uint64_t> copy) override;
  Result<std::optional<std::string>> get(std::string_view key) override;
  Peeked peek(std::string_view key) override;
  Result<void> write(const Batch& batch) override;
  Result<void> visit(std::string_view from, std::string_view to, const ItemVisitor& visit) override;
  Result<void> save(std::uint64_t copy) override;
  Result<std::vector<std::uint64_t>> saved() override;
  [[nodiscard]] TableSize size() override;
  Result<void> remove(std::uint64_t copy) override;

 private:
  std::shared_ptr<MemoryDisk> disk_;
  const bool peeks_;
  std::mutex mutex_;  ///< guards items_ and the disk
  MemoryDisk::Items items_;
};

}  // namespace millrace::states
