// MessageIndex: the live messages of a queue by number, and the bodies that are in memory.
//
// Sequence numbers are dense, so entries lie in chunks of 256 numbers. A chunk is freed when it has
// no live message. An entry takes 40 bytes: ten million take 400 MB.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>

#include "actors/base/assert.hpp"
#include "actors/log/frame.hpp"
#include "actors/queue/state/body.hpp"

namespace millrace::queues {

/// Position of a message in its queue: dense, from 1. 0 means "none".
using Sequence = std::uint64_t;
/// Index of a key's slot in the KeyTable.
using KeySlot = std::uint32_t;
constexpr KeySlot no_slot = ~KeySlot{0};

/// Where a message stands. The tables that hold it in each status: see State.
enum class Status : std::uint8_t {
  absent,    ///< not a live message
  waiting,   ///< behind another message of its key, or in a line
  delayed,   ///< not due: in Volatile::delayed. With key: the head of its key's chain
  leased,    ///< in the run of one lease whose outcome is not decided
  settling,  ///< in the run of one lease whose outcome is proposed to the log
};

class ChainWriter;

/// What the index holds of one message.
class Entry {
 public:
  [[nodiscard]] Status status() const { return status_; }
  /// The next message of the same key; 0: this message is the tail, or has no key.
  [[nodiscard]] Sequence next() const { return next_; }

  logs::Place place{};      ///< frame that holds the body
  std::uint32_t index = 0;  ///< which message of the frame: see envelope_at()
  std::uint32_t bytes = 0;  ///< payload and key; written by MessageIndex::set_bytes() only
  KeySlot slot = no_slot;   ///< no_slot: without key
  std::uint16_t failed = 0;
  std::uint16_t acquired = 0;  ///< leases to receivers so far; stays at 65,535
  std::uint8_t priority = 4;   ///< 0..priority_max
  bool has_schedule = false;   ///< Durable::schedules has the message
  bool has_failure = false;    ///< Durable::failures has the message

 private:
  friend class MessageIndex;
  friend class ChainWriter;
  Status status_ = Status::absent;
  Sequence next_ = 0;
};
static_assert(sizeof(Entry) <= 40);

/// A body may share its record with the bodies of its neighbours. Where few messages of a range of
/// numbers are left, their bodies are copied, so that a few slow messages keep no large records in
/// memory.
class MessageIndex {
 public:
  /// Sets the size of a message. REQUIRES: its body is not cached.
  void set_bytes(Entry& entry, std::uint32_t bytes) {
    bytes_ = bytes_ - entry.bytes + bytes;
    entry.bytes = bytes;
  }

  /// Adds a waiting message. REQUIRES: sequence > last(). The entry remains valid until it is
  /// removed.
  Entry& add(Sequence sequence);

  /// The entry of a live message; null: not live. Remains valid until the message is removed.
  [[nodiscard]] Entry* find(Sequence sequence);
  [[nodiscard]] const Entry* find(Sequence sequence) const;

  /// Removes a message and its body. REQUIRES: the message is live.
  void remove(Sequence sequence);

  /// The cached body; null: not in memory. Remains valid until it is replaced or dropped.
  [[nodiscard]] const Body* body(Sequence sequence) const;
  /// Caches the body of a live message. Without effect where the message is not live.
  void set_body(Sequence sequence, Body body);
  /// Without effect where no body is cached.
  void drop_body(Sequence sequence);

  /// Number of the last message that was added; 0: none was.
  [[nodiscard]] Sequence last() const { return last_; }
  /// Live messages.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Sum of Entry::bytes.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// Sum of Entry::bytes + body_overhead over the cached bodies.
  [[nodiscard]] std::uint64_t cached_bytes() const { return cached_bytes_; }
  /// Number of cached bodies.
  [[nodiscard]] std::uint64_t cached() const { return cached_; }

  /// Calls `visit(sequence, entry)` for every live message, in order. `visit` must not change the
  /// index.
  template <class Visit>
  void for_each(Visit visit) const {
    visit_from(0, [&visit](Sequence sequence, const Entry& entry) {
      visit(sequence, entry);
      return true;
    });
  }

  /// Calls `visit(sequence, entry)` for the live messages from number `from` on, in order, until it
  /// returns false. `visit` must not change the index.
  template <class Visit>
  void visit_from(Sequence from, Visit visit) const {
    const std::uint64_t first = std::max(from >> chunk_bits, first_chunk_);
    for (std::uint64_t number = first; number - first_chunk_ < chunks_.size(); ++number) {
      const auto& chunk = chunks_[number - first_chunk_];
      if (!chunk) continue;
      for (std::uint32_t j = 0; j < chunk_size; ++j) {
        const Sequence sequence = (number << chunk_bits) + j;
        const Entry& entry = chunk->entries[j];
        if (sequence < from || entry.status_ == Status::absent) continue;
        if (!visit(sequence, entry)) return;
      }
    }
  }

 private:
  static constexpr std::uint32_t chunk_bits = 8;
  static constexpr std::uint32_t chunk_size = 1u << chunk_bits;
  struct Chunk {
    std::array<Entry, chunk_size> entries{};
    std::unique_ptr<std::array<Body, chunk_size>> bodies{};
    std::uint32_t live = 0;
  };

  // Inline: each event of a message looks it up.
  [[nodiscard]] Chunk* chunk_of(Sequence sequence) const {
    const std::uint64_t number = sequence >> chunk_bits;
    if (number < first_chunk_ || number - first_chunk_ >= chunks_.size()) return nullptr;
    return chunks_[number - first_chunk_].get();
  }
  /// Live messages of a chunk that gets no more, from which on their bodies are copied.
  static constexpr std::uint32_t sparse_live = chunk_size / 16;

  void drop_body(Chunk& chunk, Sequence sequence);
  static void copy_bodies(Chunk& chunk);
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
