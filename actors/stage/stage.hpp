// Stage: a user's handler with its types erased. A receiver passes the leased messages and gets a
// result for each. HandlerStage and BatchStage, which pipeline() makes, implement Stage.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/stage/context.hpp"
#include "actors/stage/keyed.hpp"
#include "actors/stage/routed.hpp"
#include "messages/envelope.pb.h"

namespace millrace {

/// One output of a handling.
struct StageOutput {
  std::uint32_t target = 0;          ///< index into StageSpec::targets
  std::optional<std::string> key{};  ///< nullopt: the input's key
  std::string payload{};
  MessageOptions options{};
};

/// The result of handling one message.
struct StageResult {
  enum class Kind : std::uint8_t {
    not_run,    ///< its run ended before it; leased again, no failure
    acked,      ///< done: outputs and changes become durable with the ack
    retry,      ///< the handler returned Retry
    rejected,   ///< Reject, or a payload or key that no retry can mend: a dead letter
    failed,     ///< the handler threw, or its outcome cannot be recorded; retried
    postponed,  ///< the handler returned a Retry that does not count: no failure
  };

  Kind kind = Kind::not_run;
  // Empty unless acked:
  std::vector<StageOutput> outputs{};
  std::vector<std::string> history{};
  std::vector<KeyedChanges::Timer> timers_set{};
  std::vector<std::string> timers_cleared{};  ///< no name that is in timers_set
  // Empty if acked or not run:
  std::string reason{};
  /// Of retry or postponed; nullopt: as RetryOptions says.
  std::optional<std::chrono::microseconds> delay{};
};

/// One leased message.
struct StageInput {
  std::shared_ptr<const pb::Envelope> envelope;
  Context context;
  /// In the first delivery: since when the message could have been leased. 0: unknown, or not
  /// first.
  TimeUs waits_since_us = 0;
};

/// The messages of one lease, in order: consecutive ones of one key, or a single one without key.
struct StageRun {
  std::string_view key{};                      ///< empty: none; refers to the first input
  std::shared_ptr<const std::string> state{};  ///< stored value of the key; null: none
  std::vector<StageInput> inputs{};

  // Set by Stage::run:
  std::vector<StageResult> results{};       ///< one for each input
  std::optional<std::string> next_state{};  ///< the key's new value; nullopt: unchanged or erased
  bool state_erased = false;                ///< the value is removed; then next_state is nullopt
};

/// A handler of one worker. Called by one thread at a time.
class Stage {
 public:
  virtual ~Stage() = default;

  /// Handles all of `runs` and sets their results; earlier results are overwritten. Blocks for as
  /// long as the handler does. Does not throw: a handler's exception gives Kind::failed with what()
  /// as reason. A run ends at the first message that is neither acked nor rejected; the rest is
  /// not_run, and the state is that after the last acked message.
  virtual void run(std::span<StageRun> runs) = 0;
};

}  // namespace millrace
