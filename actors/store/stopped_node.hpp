// StoppedNode: reads the data directory of a node that is not running. Changes nothing on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "actors/journal/disk/data_directory.hpp"
#include "actors/journal/recovery.hpp"
#include "actors/store/durable_view.hpp"
#include "actors/store/store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Holds the lock of the data directory, so no node can start on it meanwhile. All functions block
/// for reads from disk. Const functions may run at once; the results are copies.
class StoppedNode {
 public:
  /// Recovers the queues into memory, without message bodies. Fails with
  ///   not_found            there is no such directory
  ///   storage_locked       a node runs on it
  ///   foreign_file         it holds files that are not Millrace's
  ///   unsupported_version  a newer version wrote it
  ///   corrupt              a record, segment or checkpoint is damaged
  ///   storage_failed       a system call failed
  [[nodiscard]] static Result<StoppedNode> open(const std::filesystem::path& data_dir);

  /// All queues of all shards, except staged ones. With messages and their bodies only if
  /// `with_messages`. Fails with `corrupt` or `storage_failed` if a body cannot be read.
  [[nodiscard]] Result<DurableView> view(bool with_messages) const;

  /// The first `max` live messages of the queue `name`, shard after shard, in queue order within a
  /// shard. Fails with `not_found` (no such queue), `corrupt` or `storage_failed`.
  [[nodiscard]] Result<std::vector<MessageView>> peek(const std::string& name,
                                                      std::size_t max) const;

  /// State and history of `key` in the queue `name`. Fails with `not_found` (no such queue or key).
  [[nodiscard]] Result<KeyView> key(const std::string& name, const std::string& key) const;

  /// The recovered queues; valid as long as this object.
  [[nodiscard]] const Store& store() const { return *store_; }

 private:
  StoppedNode(journal::DataDirectory directory, std::unique_ptr<Store> store)
      : directory_(std::make_unique<journal::DataDirectory>(std::move(directory))),
        store_(std::move(store)) {}

  [[nodiscard]] Result<std::vector<MessageView>> messages(const StoredQueue& queue,
                                                          std::size_t max) const;

  std::unique_ptr<journal::DataDirectory> directory_;
  std::unique_ptr<Store> store_;
  journal::Recovered recovered_;
};

}  // namespace millrace
