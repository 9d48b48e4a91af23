// Table: sorted items of bytes with durable, numbered copies. What a StateStore needs of an engine for
// key-value data; RocksTable is the one of a node, MemoryTable the one of tests.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/result.hpp"

namespace millrace::states {

/// Changes that a Table makes at once, in order.
struct Batch {
  std::vector<std::pair<std::string, std::optional<std::string>>> items{};  ///< nullopt: removed
  /// From the first key up to, and without, the second; removed before `items` are changed.
  std::vector<std::pair<std::string, std::string>> removed_ranges{};
};

/// What a Table holds.
struct TableSize {
  std::uint64_t items = 0;       ///< about
  std::uint64_t disk_bytes = 0;  ///< with those of its copies, what they share once
};

/// Receives an item; returns whether to go on. The views are valid during the call only.
using ItemVisitor = std::function<bool(std::string_view key, std::string_view value)>;

/// The items that are worked on do not outlive the process; saved copies do. Thread-safe, but for
/// open(). Functions that return a Result block on the disk, and fail with `corrupt` (the bytes on
/// disk fail their check), `storage_full` or `storage_failed`.
class Table {
 public:
  Table() = default;
  virtual ~Table() = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  /// Begins with the items of a copy; nullopt: with none. Called before all others but saved(), and again
  /// only if it fails.
  /// Fails with `not_found` (there is no such copy) also.
  virtual Result<void> open(std::optional<std::uint64_t> copy) = 0;

  [[nodiscard]] virtual Result<std::optional<std::string>> get(std::string_view key) = 0;

  struct Peeked {
    bool is_known = false;  ///< false: only the disk can tell
    std::optional<std::string> value{};
  };
  /// As get(), without the disk.
  [[nodiscard]] virtual Peeked peek(std::string_view key) = 0;

  virtual Result<void> write(const Batch& batch) = 0;

  /// Visits the items from key `from` up to, and without, `to`, in order.
  virtual Result<void> visit(std::string_view from, std::string_view to,
                             const ItemVisitor& visit) = 0;

  /// Makes a durable copy that has all items written before the call. A copy of that number that is
  /// there already is replaced. When it returns, the copy is complete; after a crash before that
  /// there is none.
  virtual Result<void> save(std::uint64_t copy) = 0;

  /// The numbers of the complete copies, ascending.
  [[nodiscard]] virtual Result<std::vector<std::uint64_t>> saved() = 0;

  /// Blocks on the disk for a moment.
  [[nodiscard]] virtual TableSize size() = 0;

  /// Removes a copy. Without effect if there is none.
  virtual Result<void> remove(std::uint64_t copy) = 0;
};

}  // namespace millrace::states
