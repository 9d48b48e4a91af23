// NodeStates: the state store of a running node, if its queues keep keys on disk.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>

#include "actors/assembly/runtime_options.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/state_store/copy_files.hpp"
#include "actors/state_store/state_keeper.hpp"
#include "actors/store/store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// For one thread. Outlives the actors and threads of the node.
class NodeStates {
 public:
  /// Divides the caches of `options` among the queues of `pipelines`, and sets the directory of the state
  /// store; empty: there is no place for one. Fails with `invalid_argument` where keys on disk are asked for,
  /// by options or by `pipelines`, and the log has no place for them.
  [[nodiscard]] static Result<void> prepare(RuntimeOptions& options,
                                            std::span<const PipelineSpec> pipelines);

  /// Has `store`, which begins anew, recover keys as `options` say. Called before the log is read. REQUIRES:
  /// prepare(options).
  void begin(const RuntimeOptions& options, Store& store);

  /// The log was opened, and is read next: `files` keeps the copies of the state store, for `store` as well;
  /// null: they are on this disk alone. May be called again, for the same log.
  void opened(logs::FileStore* files, Store& store);
  /// The log was started; `files` as before.
  void started(logs::FileStore* files);

  /// Recovery has read everything. `failed`: see states::StateKeeper. Fails as Store::recovered().
  [[nodiscard]] Result<void> recovered(const RuntimeOptions& options, Store& store, logs::Lsn last,
                                       std::function<void(const Error&)> failed);

  /// Null: all keys are in memory.
  [[nodiscard]] states::StateKeeper* keeper() const { return keeper_.get(); }

  /// Null: copies of the state store are on this disk alone.
  [[nodiscard]] states::CopyFiles* copies() const { return copies_.get(); }

  /// Ends the keeper. REQUIRES: nobody uses it any more.
  void stop() { keeper_.reset(); }

 private:
  std::unique_ptr<states::StateStore> store_;    ///< null: the log has no place for one
  std::unique_ptr<states::CopyFiles> copies_;    ///< see copies()
  std::filesystem::path directory_;              ///< of the state store
  std::unique_ptr<states::StateKeeper> keeper_;  ///< null: all keys are in memory
};

}  // namespace millrace
