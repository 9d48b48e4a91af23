// DispatchLines: the order in which ready messages are leased: one line of tickets for each
// priority. A key has one ticket, so keys of one priority take turns, and a key with many messages
// delays no other key.
//
// Messages without key are leased in the order of their numbers, also when they were in the line
// before. Keys are leased in the order in which they entered the line. Between the first key and
// the first message without key, the lower number is first; a key has the number of the last
// message that the queue had when the key entered the line.
//
// A ticket is stale when its message is no longer waiting, or its key has no message or has moved
// to another line. Stale tickets are dropped when they are first in the line, or when they are the
// majority: a replay removes nearly all messages that it appends, and must not keep their tickets.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <set>

#include "actors/queue/state/message_index.hpp"
#include "messages/envelope.hpp"

namespace millrace::queues {

/// A place in a line: of a key, by its slot; or of a message without key, by its number.
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

class DispatchLines {
 public:
  /// Adds a key. `arrival`: the last sequence number of the queue.
  void push_key(std::uint8_t priority, KeySlot slot, Sequence arrival) {
    lines_[priority].keys.push_back({slot, static_cast<std::uint32_t>(arrival)});
    ++size_;
  }

  /// Adds a message without key, whose number is above all that were pushed for this priority.
  void push_message(std::uint8_t priority, Sequence sequence) {
    lines_[priority].messages.push_back(sequence);
    ++size_;
  }

  /// Puts a message without key that was in this line before back to its place.
  void return_message(std::uint8_t priority, Sequence sequence) {
    lines_[priority].returned.insert(sequence);
  }

  /// The highest priority whose line is not empty; -1: all are empty.
  [[nodiscard]] int first() const {
    for (int p = priority_max; p >= 0; --p) {
      const Line& line = lines_[static_cast<std::size_t>(p)];
      if (!line.keys.empty() || !line.messages.empty() || !line.returned.empty()) return p;
    }
    return -1;
  }

  /// The first ticket of a line, which may be stale. REQUIRES: the line is not empty.
  [[nodiscard]] Ticket front(std::uint8_t priority) const {
    return Cursor(lines_[priority]).ticket();
  }

  /// Drops the first ticket. REQUIRES: the line is not empty.
  void pop(std::uint8_t priority) {
    Line& line = lines_[priority];
    const Ticket ticket = front(priority);
    if (ticket.is_key()) {
      line.keys.pop_front();
      --size_;
    } else if (!line.returned.empty() && *line.returned.begin() == ticket.sequence()) {
      line.returned.erase(line.returned.begin());
    } else {
      line.messages.pop_front();
      --size_;
    }
  }

  /// Calls `visit(ticket)` for the tickets of a line, in order, until it returns false.
  template <class Visit>
  void visit(std::uint8_t priority, Visit visit) const {
    for (Cursor cursor(lines_[priority]); !cursor.at_end(); cursor.next()) {
      if (!visit(cursor.ticket())) return;
    }
  }

  /// Counts a stale ticket. Returns whether drop_stale() should be called now.
  [[nodiscard]] bool count_stale() { return ++stale_ > stale_min && stale_ > size_ / 2; }

  /// Drops the tickets for which `is_stale(ticket, priority)` is true, except returned messages.
  template <class IsStale>
  void drop_stale(IsStale is_stale) {
    size_ = stale_ = 0;
    for (std::uint8_t p = 0; p <= priority_max; ++p) {
      Line& line = lines_[p];
      std::erase_if(line.keys,
                    [&](const KeyTicket& key) { return is_stale(Ticket::of_key(key.slot), p); });
      std::erase_if(line.messages,
                    [&](Sequence sequence) { return is_stale(Ticket::of_message(sequence), p); });
      line.keys.shrink_to_fit();
      line.messages.shrink_to_fit();
      size_ += line.keys.size() + line.messages.size();
    }
  }

 private:
  static constexpr std::uint64_t stale_min = 4096;

  struct KeyTicket {
    KeySlot slot;
    std::uint32_t arrival;  ///< low 32 bits; compared modulo 2^32
  };
  struct Line {
    std::deque<KeyTicket> keys;
    std::deque<Sequence> messages;  ///< ascending
    std::set<Sequence> returned;    ///< messages that were put back
  };

  // Merges the three parts of a line in leasing order.
  class Cursor {
   public:
    explicit Cursor(const Line& line)
        : line_(line),
          key_(line.keys.begin()),
          message_(line.messages.begin()),
          returned_(line.returned.begin()) {}

    [[nodiscard]] bool at_end() const { return !has_key() && !has_message(); }
    [[nodiscard]] Ticket ticket() const {
      return key_is_next() ? Ticket::of_key(key_->slot) : Ticket::of_message(sequence());
    }
    void next() {
      if (key_is_next()) {
        ++key_;
      } else if (returned_is_next()) {
        ++returned_;
      } else {
        ++message_;
      }
    }

   private:
    [[nodiscard]] bool has_key() const { return key_ != line_.keys.end(); }
    [[nodiscard]] bool has_message() const {
      return message_ != line_.messages.end() || returned_ != line_.returned.end();
    }
    [[nodiscard]] bool returned_is_next() const {
      if (returned_ == line_.returned.end()) return false;
      return message_ == line_.messages.end() || *returned_ < *message_;
    }
    [[nodiscard]] Sequence sequence() const { return returned_is_next() ? *returned_ : *message_; }
    [[nodiscard]] bool key_is_next() const {
      if (!has_key() || !has_message()) return has_key();
      const std::uint32_t behind = static_cast<std::uint32_t>(sequence()) - key_->arrival;
      return static_cast<std::int32_t>(behind) > 0;
    }

    const Line& line_;
    std::deque<KeyTicket>::const_iterator key_;
    std::deque<Sequence>::const_iterator message_;
    std::set<Sequence>::const_iterator returned_;
  };

  std::array<Line, priority_max + 1> lines_{};
  std::uint64_t size_ = 0;   ///< tickets, without returned messages
  std::uint64_t stale_ = 0;  ///< counted since drop_stale(); an upper bound
};

}  // namespace millrace::queues
