// MessageIndex: where each live message of a queue lies, and the bodies of those near the head.
//
// Sequence numbers are dense, so messages live in chunks of neighbours, found by a shift; a chunk
// goes when its last message does. An entry takes 40 bytes: ten million fit in 400 MB.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>

#include "actors/base/assert.hpp"
#include "actors/journal/format/frame.hpp"
#include "actors/queue/state/body.hpp"

namespace millrace::queues {

/// Position of a message in its queue: dense, from 1. 0 means "none".
using Sequence = std::uint64_t;
/// Index of a key's slot in the KeyTable.
using KeySlot = std::uint32_t;
constexpr KeySlot no_slot = ~KeySlot{0};

enum class Status : std::uint8_t {
  absent,    ///< not a live message
  waiting,   ///< behind others of its key, or in line for dispatch
  delayed,   ///< at the head of its key, and not due yet
  leased,    ///< with a receiver
  settling,  ///< its outcome is on the way into the log
};

struct Entry {
  journal::Place place{};   ///< frame that holds the body
  Sequence next = 0;        ///< next message of the same key
  std::uint32_t index = 0;  ///< which message of the frame: see FrameIndex
  std::uint32_t bytes = 0;  ///< payload and key
  KeySlot slot = no_slot;   ///< no_slot: without key
  std::uint16_t failed = 0;
  std::uint16_t acquired = 0;
  Status status = Status::absent;
  std::uint8_t priority = 4;
  bool has_schedule = false;  ///< has a not_before or expires_at of its own
  bool has_failure = false;   ///< has an entry in the failure table
};
static_assert(sizeof(Entry) <= 40);

class MessageIndex {
 public:
  /// Sets how many bytes a message without a cached body counts for.
  void set_bytes(Entry& entry, std::uint32_t bytes) {
    bytes_ = bytes_ - entry.bytes + bytes;
    entry.bytes = bytes;
  }

  /// Adds the message `sequence`, which is beyond all that were ever added.
  Entry& add(Sequence sequence);

  /// The live message, or null.
  [[nodiscard]] Entry* find(Sequence sequence);
  [[nodiscard]] const Entry* find(Sequence sequence) const;

  /// Forgets a live message and its body.
  void remove(Sequence sequence);

  [[nodiscard]] const Body* body(Sequence sequence) const;
  /// Keeps the body of a live message; one that is gone by now is left alone.
  void set_body(Sequence sequence, Body body);
  void drop_body(Sequence sequence);

  /// The last message that was ever added; 0: none.
  [[nodiscard]] Sequence last() const { return last_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t cached_bytes() const { return cached_bytes_; }
  [[nodiscard]] std::uint64_t cached() const { return cached_; }

  /// Calls `visit(sequence, entry)` for every live message, in order.
  template <class Visit>
  void for_each(Visit visit) const {
    visit_from(0, [&visit](Sequence sequence, const Entry& entry) {
      visit(sequence, entry);
      return true;
    });
  }

  /// Calls `visit(sequence, entry)` for the live messages from number `from` on, in order, until it
  /// returns false.
  template <class Visit>
  void visit_from(Sequence from, Visit visit) const {
    const std::uint64_t first = std::max(from >> chunk_bits, first_chunk_);
    for (std::uint64_t number = first; number - first_chunk_ < chunks_.size(); ++number) {
      const auto& chunk = chunks_[number - first_chunk_];
      if (!chunk) continue;
      for (std::uint32_t j = 0; j < chunk_size; ++j) {
        const Sequence sequence = (number << chunk_bits) + j;
        const Entry& entry = chunk->entries[j];
        if (sequence < from || entry.status == Status::absent) continue;
        if (!visit(sequence, entry)) return;
      }
    }
  }

 private:
  static constexpr std::uint32_t chunk_bits = 8;
  static constexpr std::uint32_t chunk_size = 1u << chunk_bits;
  /// What one cached body costs beside its payload, about: the parsed message and its share.
  static constexpr std::uint64_t body_overhead = 256;

  struct Chunk {
    std::array<Entry, chunk_size> entries{};
    std::unique_ptr<std::array<Body, chunk_size>> bodies{};
    std::uint32_t live = 0;
  };

  [[nodiscard]] Chunk* chunk_of(Sequence sequence) const;
  void close_chunk(std::uint64_t number);

  std::deque<std::unique_ptr<Chunk>> chunks_;
  std::uint64_t first_chunk_ = 0;  ///< number of chunks_[0]
  Sequence last_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t cached_ = 0;
  std::uint64_t cached_bytes_ = 0;
};

}  // namespace millrace::queues
