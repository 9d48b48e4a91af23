// KeyedRun<T, Input>: the state of one key during a run of its messages.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "actors/stage/keyed.hpp"
#include "actors/stage/outcome_limits.hpp"
#include "actors/stage/stage.hpp"

namespace millrace {

/// Parses the state at the start of a run, undoes the changes of each message that is not acked,
/// and serializes the state at the end. One object serves one run after another. One thread.
///
///     begin(run) ──▶ begin_message() ──▶ keep(result) or undo() ──▶ finish(run)
///                         ▲                      │
///                         └──── next message ────┘
template <Message T, class Input = void>
class KeyedRun {
 public:
  void begin(const StageRun& run) {
    stored_ = run.state;
    keyed_.key_.assign(run.key);
    keyed_.changes_ = {};
    load();
  }

  /// The argument of the handler.
  [[nodiscard]] Keyed<T, Input>& keyed() { return keyed_; }

  /// Returns whether the stored bytes are not a T.
  [[nodiscard]] bool is_damaged() const { return keyed_.damaged_; }

  void begin_message() {
    keyed_.undo_.armed = true;
    keyed_.undo_.touched = false;
  }

  /// The message is acked: moves its history and timers into `result`; its value stays, unless
  /// undo() follows.
  void keep(StageResult& result) {
    KeyedChanges changes = std::exchange(keyed_.changes_, {});
    result.history = std::move(changes.history);
    result.timers_set = std::move(changes.timers_set);
    result.timers_cleared = std::move(changes.timers_cleared);
  }

  /// The message is not acked: restores the state as of begin_message().
  void undo() {
    keyed_.changes_ = {};
    auto& undo = keyed_.undo_;
    if (!undo.touched) return;
    undo.touched = false;
    if (undo.dirty) {
      std::swap(keyed_.value_, undo.value);
    } else if (undo.erased) {
      wire::clear(keyed_.value_);
    } else {
      load();
    }
    keyed_.exists_ = undo.exists;
    keyed_.dirty_ = undo.dirty;
    keyed_.erased_ = undo.erased;
  }

  /// Sets the new state of `run`. If it exceeds state_bytes_max, all acked messages have failed.
  void finish(StageRun& run) {
    if (keyed_.dirty_) {
      run.next_state = wire::serialize(keyed_.value_);
    }
    run.state_erased = keyed_.erased_;
    if (run.next_state && run.next_state->size() > state_bytes_max) refuse(run);
    stored_.reset();
  }

 private:
  /// Which message made the state too large is unknown, so every acked message of the run fails.
  /// A message that was leased before is leased alone, so only that message fails the next time.
  static void refuse(StageRun& run) {
    const std::string reason = "the state of the key takes " +
                               std::to_string(run.next_state->size()) +
                               " bytes; expected at most " + std::to_string(state_bytes_max);
    for (StageResult& result : run.results) {
      if (result.kind != StageResult::Kind::acked) continue;
      result = {};
      result.kind = StageResult::Kind::failed;
      result.reason = reason;
    }
    run.next_state.reset();
    run.state_erased = false;
  }

  void load() {
    keyed_.dirty_ = keyed_.erased_ = false;
    keyed_.exists_ = stored_ && wire::parse(*stored_, keyed_.value_, keyed_.unreadable_);
    keyed_.damaged_ = stored_ && !keyed_.exists_;
    if (!stored_) wire::clear(keyed_.value_);
  }

  std::shared_ptr<const std::string> stored_;
  Keyed<T, Input> keyed_{std::string_view(), std::nullopt};
};

}  // namespace millrace
