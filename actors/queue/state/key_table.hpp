// KeyTable: the order of the messages of each key, as chains through the MessageIndex.
//
// A key is identified by its hash: two keys with one hash share a chain, and so wait for each
// other. A slot takes 32 bytes.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "actors/base/hash_map.hpp"
#include "actors/queue/state/message_index.hpp"

namespace millrace::queues {

constexpr std::uint8_t no_line = 0xff;

/// The live messages of one key, linked by Entry::next() in ascending order.
struct KeyChain {
  std::uint64_t hash = 0;       ///< of the key; of an outbox's single chain: outbox_line
  Sequence head = 0;            ///< 0: the chain is empty
  Sequence tail = 0;            ///< 0: the chain is empty
  std::uint8_t line = no_line;  ///< priority of the line with the key's ticket; no_line: no ticket
  bool busy = false;            ///< the head is delayed, or a lease holds the key; line == no_line
};

/// Chains by slot. A slot is in use while its key has messages, a lease or a ticket.
class KeyTable {
 public:
  KeyTable() : slots_(0, Hash{&chains_}, Equal{&chains_}) {}
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  /// The chain of a slot; of a slot that was released: one in no line. Remains valid until the
  /// backlog is cleared.
  [[nodiscard]] const KeyChain& operator[](KeySlot slot) const { return chains_[slot]; }

  /// Slots in use.
  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  /// Whether a key with this hash has a slot.
  [[nodiscard]] bool contains_hash(std::uint64_t hash) const { return slots_.contains(hash); }
  [[nodiscard]] bool contains(KeySlot slot) const {
    return slot < chains_.size() && slots_.contains(slot);
  }

  /// Calls `visit(slot, chain)` for every slot in use, in no particular order.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const KeySlot slot : slots_) visit(slot, chains_[slot]);
  }

 private:
  friend class ChainWriter;
  using Chains = std::deque<KeyChain>;
  struct Hash {
    using is_transparent = void;
    const Chains* chains;
    std::size_t operator()(KeySlot slot) const { return NumberHash{}((*chains)[slot].hash); }
    std::size_t operator()(std::uint64_t hash) const { return NumberHash{}(hash); }
  };
  struct Equal {
    using is_transparent = void;
    const Chains* chains;
    bool operator()(KeySlot a, KeySlot b) const { return a == b; }
    bool operator()(KeySlot slot, std::uint64_t hash) const { return (*chains)[slot].hash == hash; }
  };

  // The slot of the key with this hash; takes a new one where the key has none.
  KeySlot find_or_add(std::uint64_t hash) {
    if (const auto it = slots_.find(hash); it != slots_.end()) return *it;
    KeySlot slot;
    if (free_.empty()) {
      slot = static_cast<KeySlot>(chains_.size());
      chains_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    chains_[slot] = KeyChain{.hash = hash};
    slots_.insert(slot);
    return slot;
  }

  // REQUIRES: the chain is empty, not busy, and in no line. Stale tickets of the slot may remain.
  void release(KeySlot slot) {
    slots_.erase(slot);
    free_.push_back(slot);
  }

  // REQUIRES: no ticket, entry or lease has a slot.
  void clear() {
    slots_.clear();
    chains_.clear();
    free_.clear();
  }

  Chains chains_;                                    ///< by slot
  absl::flat_hash_set<KeySlot, Hash, Equal> slots_;  ///< in use
  std::vector<KeySlot> free_;
};

}  // namespace millrace::queues
