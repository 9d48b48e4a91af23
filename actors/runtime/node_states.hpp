// NodeStates: the state store of a running node, if its queues keep keys on disk.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "actors/assembly/runtime_options.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/state_store/state_keeper.hpp"
#include "actors/store/store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// For one thread. Outlives the actors and threads of the node.
class NodeStates {
 public:
  /// Divides the caches among `queues` queues, and has `store`, which begins anew, recover keys as
  /// `options` say. Called before the log is read. Fails with `invalid_argument` where keys on disk
  /// are asked for, by options or by `pipelines`, and the log has no place for them.
  [[nodiscard]] Result<void> attach(RuntimeOptions& options, std::size_t queues,
                                    std::span<const PipelineSpec> pipelines, Store& store);

  /// Recovery has read everything. `failed`: see states::StateKeeper. Fails as Store::recovered().
  [[nodiscard]] Result<void> recovered(const RuntimeOptions& options, Store& store, logs::Lsn last,
                                       std::function<void(const Error&)> failed);

  /// Null: all keys are in memory.
  [[nodiscard]] states::StateKeeper* keeper() const { return keeper_.get(); }

  /// Ends the keeper. REQUIRES: nobody uses it any more.
  void stop() { keeper_.reset(); }

 private:
  std::unique_ptr<states::StateStore> store_;    ///< null: the log has no place for one
  std::unique_ptr<states::StateKeeper> keeper_;  ///< null: all keys are in memory
};

}  // namespace millrace
