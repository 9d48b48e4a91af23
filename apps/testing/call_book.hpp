// CallBook: what the handlers of all nodes of a simulated cluster were called with, and what they
// returned; noted in front of the runtime, which does not know of it.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/stage.hpp"
#include "messages/hash.hpp"

namespace millrace::cluster_testing {

/// Digest of the outputs of one handling: target queues and payloads, in order.
class OutputDigest {
 public:
  void add(const std::string& queue, const std::string& payload);
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

/// Digest of the state of a key; null: it has none.
[[nodiscard]] std::uint64_t digest_of_state(const std::string* value);

/// One thread.
class CallBook {
 public:
  /// Wraps the handlers of `pipelines`, which return at once, so that their calls are noted here. The book
  /// must outlive the nodes that run them.
  void watch(std::vector<PipelineSpec>& pipelines);

  /// Notes the calls that `run` stands for, after it.
  void note(const StageSpec& stage, const StageRun& run);

  /// Whether the calls of the stage that reads `queue` are noted.
  [[nodiscard]] bool watches(const std::string& queue) const { return watched_.contains(queue); }

  /// Why the effect of message `id` of `queue` is not that of one call of its handler; empty: it is. `state`:
  /// what was durable before the effect; nullopt: not to be compared.
  [[nodiscard]] std::string why_not(const std::string& queue, MessageId id, std::uint64_t outputs,
                                    std::optional<std::uint64_t> state) const;

  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  /// Handlers that gave two outcomes for the same message and state; the first ones.
  [[nodiscard]] const std::vector<std::string>& differing() const { return differing_; }

 private:
  struct Call {
    std::uint64_t state = 0;  ///< digest of what the run began with
    std::uint64_t before =
        0;  ///< digest of the messages of the run before this one, if it has a state
    std::uint32_t failed = 0;  ///< failures of the message before
    std::size_t messages = 0;  ///< of the run, if it left a state
    bool is_acked = false;
    std::uint64_t outputs = 0;  ///< digest
    std::uint64_t outcome =
        0;  ///< digest of all that the handler returned, and the state after the run
  };

  void compare(const StageSpec& stage, const std::vector<Call>& earlier, const Call& call,
               const StageInput& input);

  std::map<std::string, bool> watched_;  ///< by source queue
  std::map<std::pair<std::string, MessageId>, std::vector<Call>> book_;
  std::uint64_t calls_ = 0;
  std::vector<std::string> differing_;
};

}  // namespace millrace::cluster_testing
