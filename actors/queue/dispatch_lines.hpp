// DispatchLines: who is next. One line a priority; a key stands in line at most once, so keys of
// one priority take turns and a hot key cannot starve the rest.
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "actors/queue/message_index.hpp"
#include "messages/envelope.hpp"

namespace millrace::queues {

/// What stands in a line: a key by its slot, or a message without key by its sequence.
class Ticket {
 public:
  [[nodiscard]] static Ticket of_key(KeySlot slot) { return Ticket(key_bit | slot); }
  [[nodiscard]] static Ticket of_message(Sequence sequence) { return Ticket(sequence); }

  [[nodiscard]] bool is_key() const { return (value_ & key_bit) != 0; }
  [[nodiscard]] KeySlot slot() const { return static_cast<KeySlot>(value_); }
  [[nodiscard]] Sequence sequence() const { return value_; }

 private:
  static constexpr std::uint64_t key_bit = 1ull << 63;
  explicit Ticket(std::uint64_t value) : value_(value) {}
  std::uint64_t value_;
};

struct DispatchLines {
  std::array<std::deque<Ticket>, priority_max + 1> lines{};

  void push(std::uint8_t priority, Ticket ticket) { lines[priority].push_back(ticket); }
  void push_front(std::uint8_t priority, Ticket ticket) { lines[priority].push_front(ticket); }

  /// The line to serve: the highest priority that is not empty, or null.
  [[nodiscard]] std::deque<Ticket>* first() {
    for (std::size_t p = lines.size(); p-- > 0;) {
      if (!lines[p].empty()) return &lines[p];
    }
    return nullptr;
  }
};

}  // namespace millrace::queues
