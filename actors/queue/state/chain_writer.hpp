// ChainWriter: write access to key chains and to the status of messages.
//
// Included by backlog.cpp, which keeps the invariants of State, and by the test that breaks them.
#pragma once

#include "actors/queue/state/key_table.hpp"
#include "actors/queue/state/message_index.hpp"

namespace millrace::queues {

class ChainWriter {
 public:
  static void set_status(Entry& entry, Status status) { entry.status_ = status; }
  static void set_next(Entry& entry, Sequence next) { entry.next_ = next; }

  [[nodiscard]] static KeyChain& chain(KeyTable& keys, KeySlot slot) { return keys.chains_[slot]; }
  static KeySlot find_or_add(KeyTable& keys, std::uint64_t hash) { return keys.find_or_add(hash); }
  static void release(KeyTable& keys, KeySlot slot) { keys.release(slot); }
  static void clear(KeyTable& keys) { keys.clear(); }
};

}  // namespace millrace::queues
