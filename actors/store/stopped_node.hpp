// StoppedNode: reads the log of a node that is not running. Changes nothing in it.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/temporary_directory.hpp"
#include "actors/log/engine.hpp"
#include "actors/store/durable_view.hpp"
#include "actors/store/store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Holds the log open as a reader, so that no node starts on it meanwhile where the engine can keep
/// it from doing so. All functions block for reads. Const functions may run at once; the results are
/// copies.
class StoppedNode {
 public:
  /// Recovers the queues into memory, without message bodies. Fails with
  ///   not_found            there is no such log
  ///   storage_locked       a node runs on it
  ///   foreign_file         it holds files that are not Millrace's
  ///   unsupported_version  a newer version wrote it
  ///   corrupt              a record, segment or checkpoint is damaged
  ///   storage_failed       a system call failed
  ///   log_unreachable      the server that keeps it does not answer
  /// The result keeps `engine`.
  /// `states`: the state store of the same node, not open yet; null: it has none, or the engine keeps its
  /// files, which are then got into a temporary directory.
  [[nodiscard]] static Result<StoppedNode> open(std::shared_ptr<logs::Engine> engine,
                                                std::unique_ptr<states::StateStore> states = {});

  /// All queues of all shards, except staged ones. With messages and their bodies only if
  /// `with_messages`. Fails with `corrupt` or `storage_failed` if a body cannot be read.
  [[nodiscard]] Result<DurableView> view(bool with_messages) const;

  /// The first `max` live messages of the queue `name`, shard after shard, in queue order within a
  /// shard. Fails with `not_found` (no such queue), `corrupt` or `storage_failed`.
  [[nodiscard]] Result<std::vector<MessageView>> peek(const std::string& name,
                                                      std::size_t max) const;

  /// State and history of `key` in the queue `name`. Fails with `not_found` (no such queue or key), `corrupt` or
  /// `storage_failed`.
  [[nodiscard]] Result<KeyView> key(const std::string& name, const std::string& key) const;

  /// The recovered queues; valid as long as this object.
  [[nodiscard]] const Store& store() const { return *store_; }

 private:
  /// The opened log is for one thread at a time.
  struct Source {
    std::shared_ptr<logs::Engine> engine;
    std::mutex mutex;  ///< guards log
    std::unique_ptr<logs::OpenedLog> log;
    std::optional<TemporaryDirectory>
        directory{};                             ///< of the states, if the engine keeps their files
    std::optional<states::CopyFiles> copies{};   ///< the same
    std::unique_ptr<states::StateStore> states;  ///< null: all keys are in memory
  };

  StoppedNode() = default;

  [[nodiscard]] Result<void> use_stored_files();
  [[nodiscard]] Result<std::vector<MessageView>> messages(const StoredQueue& queue,
                                                          std::size_t max) const;

  std::unique_ptr<Source> source_ = std::make_unique<Source>();
  std::unique_ptr<Store> store_ = std::make_unique<Store>(queues::Limits{.body_cache_bytes = 0});
};

}  // namespace millrace
