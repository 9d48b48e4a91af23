// KeyTable: the order of the messages of each key, as chains through the MessageIndex.
//
// Keys are known by their hash: two that collide share a chain, which only makes them wait for each
// other. A slot takes 32 bytes and lives while its key has messages.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "actors/base/hash_map.hpp"
#include "actors/queue/state/message_index.hpp"

namespace millrace::queues {

constexpr std::uint8_t no_line = 0xff;

struct KeyChain {
  std::uint64_t hash = 0;
  Sequence head = 0;
  Sequence tail = 0;
  std::uint8_t line = no_line;  ///< priority of the line in which its ticket stands
  bool busy = false;            ///< its head is delayed, leased or settling
};

class KeyTable {
 public:
  KeyTable() : slots_(0, Hash{&chains_}, Equal{&chains_}) {}
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  [[nodiscard]] KeyChain& operator[](KeySlot slot) { return chains_[slot]; }
  [[nodiscard]] const KeyChain& operator[](KeySlot slot) const { return chains_[slot]; }

  /// The slot of the key with this hash, made when there is none.
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

  /// Gives the slot back; its key has no message and stands in no line (stale tickets may be left).
  void release(KeySlot slot) {
    slots_.erase(slot);
    free_.push_back(slot);
  }

  /// Forgets all keys; whatever has the number of a slot must forget it too.
  void clear() {
    slots_.clear();
    chains_.clear();
    free_.clear();
  }

  [[nodiscard]] std::size_t size() const { return slots_.size(); }

 private:
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

  Chains chains_;
  absl::flat_hash_set<KeySlot, Hash, Equal> slots_;
  std::vector<KeySlot> free_;
};

}  // namespace millrace::queues
