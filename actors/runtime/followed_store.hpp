// FollowedStore: the queues of a log that another process writes, as far as they were followed. A runtime that
// takes the log over goes on with them, and reads only the rest of the log.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "actors/assembly/runtime_options.hpp"
#include "actors/log/follower.hpp"
#include "actors/runtime/node_states.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/store/store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Not thread-safe. After a failure of a visit, restart() must come next.
class FollowedStore final : public logs::FollowVisitor {
 public:
  /// Nothing is followed yet. `options` and `pipelines`: as those of the runtime to come; options.state_dir
  /// must be set, and be nobody else's. Fails with `invalid_argument`, as Runtime::start().
  [[nodiscard]] static Result<std::shared_ptr<FollowedStore>> make(
      RuntimeOptions options, std::span<const PipelineSpec> pipelines);

  Result<void> restart(const std::string& reason, logs::FileStore* files) override;
  Result<void> on_entry(logs::Section section, std::string_view bytes) override;
  Result<void> on_frame(const logs::Frame& frame) override;

  /// Of what was visited; set after each step.
  void set_mark(logs::FollowMark mark) { mark_ = std::move(mark); }
  [[nodiscard]] const logs::FollowMark& mark() const { return mark_; }

  /// What was visited before is void, and its memory free.
  void clear();

  /// Whether a runtime with `options`, which it has prepared, may go on with this. Fails with `outdated`.
  [[nodiscard]] Result<void> check(const RuntimeOptions& options) const;

  [[nodiscard]] const RuntimeOptions& options() const { return options_; }
  /// To be moved from by the runtime, which then calls nothing else.
  [[nodiscard]] NodeStates& states() { return states_; }
  [[nodiscard]] Store& store() { return store_; }

 private:
  explicit FollowedStore(RuntimeOptions options) : options_(std::move(options)) {}

  RuntimeOptions options_;  ///< prepared
  logs::FollowMark mark_;
  NodeStates states_;
  Store store_;
};

}  // namespace millrace
