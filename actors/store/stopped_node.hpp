// StoppedNode: looks into the data directory of a node that does not run. Changes nothing.
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

class StoppedNode {
 public:
  /// Recovers the directory in memory, without its message bodies. Fails with `not_found`,
  /// `storage_locked` (a node runs on it), `foreign_file`, `unsupported_version`, `corrupt`,
  /// `storage_failed`. Blocks.
  [[nodiscard]] static Result<StoppedNode> open(const std::filesystem::path& data_dir);

  /// Every queue of every shard, but for copies that are not whole. Messages only where
  /// `with_messages`.
  [[nodiscard]] Result<DurableView> view(bool with_messages) const;

  /// The first `max` live messages of the queue `name`, over all shards, in queue order within a
  /// shard. Fails with `not_found` where there is no such queue.
  [[nodiscard]] Result<std::vector<MessageView>> peek(const std::string& name,
                                                      std::size_t max) const;

  /// State and history of `key` in the queue `name`. Fails with `not_found`.
  [[nodiscard]] Result<KeyView> key(const std::string& name, const std::string& key) const;

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
