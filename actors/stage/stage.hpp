// Stage: a user's handler behind an untyped face, as a receiver runs it.
//
// No CAF, clock or thread here: a receiver hands over what was leased, and gets back what became of
// each message. The typed adaptors that implement it are made by pipeline().
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

/// One message for another queue.
struct StageOutput {
  std::uint32_t target = 0;          ///< index into StageSpec::targets
  std::optional<std::string> key{};  ///< nullopt: the input's key
  std::string payload{};
  MessageOptions options{};
};

/// What became of one message.
struct StageResult {
  enum class Kind : std::uint8_t {
    not_run,  ///< not reached, because an earlier message of its run has to come again; no failure
    acked,
    retry,
    rejected,
    failed,  ///< the handler threw, or its outcome was unusable
  };

  Kind kind = Kind::not_run;
  std::vector<StageOutput> outputs{};  ///< of an acked message
  std::vector<std::string> history{};  ///< of an acked message
  std::vector<KeyedChanges::Timer> timers_set{};
  std::vector<std::string> timers_cleared{};
  std::string reason{};                              ///< of retry, rejected and failed
  std::optional<std::chrono::microseconds> delay{};  ///< of retry, where the handler gave one
};

/// One leased message.
struct StageInput {
  std::shared_ptr<const pb::Envelope> envelope;
  Context context;
  /// Of a message that was never handed out before: since when it could have been. 0: not known.
  TimeUs waits_since_us = 0;
};

/// Consecutive messages of one key, under one lease, handled in order; or one message without key.
struct StageRun {
  std::string_view key{};
  std::shared_ptr<const std::string> state{};  ///< stored state of the key; null: none
  std::vector<StageInput> inputs{};

  // Filled by the stage.
  std::vector<StageResult> results{};  ///< one for each input
  /// What the acked messages made of the state: unset `value` and not `erased` means unchanged.
  std::optional<std::string> next_state{};
  bool state_erased = false;
};

/// A handler. One object serves one worker and is called by one thread at a time.
class Stage {
 public:
  virtual ~Stage() = default;

  /// Runs the handler over all of `runs` and fills their results. Never throws: what the handler
  /// throws becomes Kind::failed with the exception's text. In a run, the first message that is
  /// neither acked nor rejected ends it, and the rest stay `not_run`; the state is that after the
  /// last acked message.
  virtual void run(std::span<StageRun> runs) = 0;
};

}  // namespace millrace
