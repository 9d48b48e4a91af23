// ExternalStages: the external stages of a node, as their workers call them through a door such as
// HTTP.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/receiver/shell/external_actor.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "messages/result.hpp"

namespace millrace::receivers {

/// Name of the pipeline of the queues that no stage of the program reads and that workers lease
/// messages of. Each of them is read by an external stage of this pipeline, which has the queue's name.
inline constexpr const char* leased_queues = "queues";

/// Thread-safe. No function waits. Callbacks come from actors' threads, once at most; none comes where
/// the node stops meanwhile.
class ExternalStages {
 public:
  struct Stage {
    std::string pipeline;
    std::shared_ptr<const StageSpec> spec;
    AnyActor actor;  ///< of spawn_external(), with the token_prefix() of the stage's index
  };

  explicit ExternalStages(std::vector<Stage> stages) : stages_(std::move(stages)) {}

  /// Index of a stage. Fails with `not_found`: there is none of that name, or it is not external.
  [[nodiscard]] Result<std::size_t> find(const std::string& pipeline,
                                         const std::string& stage) const;
  /// Index of the stage that reads a queue. Fails with `not_found`: no external stage does.
  [[nodiscard]] Result<std::size_t> reader_of(const std::string& queue) const;
  /// The stage that gave the token; null: none can have. A token that is not known any more may
  /// still have a stage.
  [[nodiscard]] const StageSpec* stage_of(const std::string& token) const;
  [[nodiscard]] const StageSpec& spec(std::size_t index) const { return *stages_[index].spec; }
  [[nodiscard]] const std::string& pipeline(std::size_t index) const {
    return stages_[index].pipeline;
  }

  /// Asks for messages; as ExternalRequest. Returns what cancel() takes. `wait.id` is set here.
  WaitId ask(std::size_t index, Wait wait,
             std::function<bool(std::vector<ExternalLease>)> done) const;
  void cancel(std::size_t index, WaitId wait) const;

  /// Says what became of leases. Results are in the order of `outcomes`.
  void complete(std::vector<ExternalOutcome> outcomes, LeaseResultsDone done) const;
  /// Extends leases to at least now + `by_us`.
  void extend(const std::vector<std::string>& tokens, DurationUs by_us,
              LeaseResultsDone done) const;
  /// The worker has not handled the messages: they are ready for others, and have not failed.
  void release(const std::vector<std::string>& tokens, LeaseResultsDone done) const;

  /// A session of a worker has ended; see Wait::session.
  void end_session(std::uint64_t session) const;

  [[nodiscard]] static std::string token_prefix(std::size_t index);
  [[nodiscard]] const std::vector<Stage>& stages() const { return stages_; }

 private:
  /// Index of the stage that gave the token; stages_.size(): none can have.
  [[nodiscard]] std::size_t index_of(const std::string& token) const;
  template <class Item, class TokenOf, class Send>
  void distribute(std::vector<Item> items, LeaseResultsDone done, TokenOf token_of,
                  Send send) const;

  std::vector<Stage> stages_;
  mutable std::atomic<WaitId> last_wait_{0};
};

}  // namespace millrace::receivers
