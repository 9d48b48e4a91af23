// RunningTable: which messages the workers handle at this moment, in memory that outlives the process,
// so that the next start knows what was being handled when the process ended. Writing it is a few
// stores for each call of a handler.
//
//   word 0   magic        a table
//   word 1   state        1: the node runs   2: it drains   3: it has stopped
//   then     slots        size of the slot, in words; 0: no further slot
//                         number of messages + 2^63 if they run alone; 0: none
//                         queue, sequence number   of each message
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "actors/queue/decide/suspicion.hpp"

namespace millrace::receivers {

/// The place of one worker. Used by one thread.
class RunningSlot {
 public:
  /// No message is handled.
  void clear() { store(1, 0); }
  /// Adds a message to the next begin(). REQUIRES: clear() was called since the last begin(). A
  /// message for which there is no room is left out.
  void add(queues::QueueNumber queue, queues::Sequence sequence);
  /// The messages that were added are handled from now on. `alone`: as InterruptedCall::was_alone.
  void begin(bool alone);

 private:
  friend class RunningTable;
  explicit RunningSlot(std::span<std::uint64_t> words) : words_(words) {}
  void store(std::size_t at, std::uint64_t value);

  std::span<std::uint64_t> words_;
  std::size_t count_ = 0;
};

/// Thread-safe.
class RunningTable : public std::enable_shared_from_this<RunningTable> {
 public:
  /// Empties `words`, which `owner` keeps in memory, and begins a run of the node.
  RunningTable(std::span<std::uint64_t> words, std::shared_ptr<void> owner);

  /// What the words of a former run say was handled when it ended. Nothing of a run that has
  /// stopped, and nothing if they are no table. `drained` is set if the run was draining.
  [[nodiscard]] static std::vector<queues::InterruptedCall> read(
      std::span<const std::uint64_t> words, bool& drained);

  /// Words that a slot for calls of this many messages takes.
  [[nodiscard]] static constexpr std::size_t words_of(std::size_t messages) {
    return 2 + 2 * messages;
  }
  static constexpr std::size_t head_words = 2;

  /// Returns a slot that no other worker has, or null if there is no room. REQUIRES: a shared_ptr
  /// owns this object; the slot keeps it in memory.
  [[nodiscard]] std::shared_ptr<RunningSlot> claim(std::size_t messages);

  /// What is handled now may be ended by an operator's patience.
  void begin_drain() { set_state(2); }
  /// The node has stopped in order: nothing is handled any more.
  void close() { set_state(3); }

 private:
  void set_state(std::uint64_t state);
  void release(std::span<std::uint64_t> words);

  const std::span<std::uint64_t> words_;
  const std::shared_ptr<void> owner_;
  std::mutex mutex_;                                ///< guards all below
  std::size_t used_ = head_words;                   ///< words of the head and of all slots so far
  std::vector<std::span<std::uint64_t>> released_;  ///< slots of workers that have ended
};

}  // namespace millrace::receivers
