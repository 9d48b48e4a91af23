// Residence: what a KeyedStore on disk notes of a key that is in memory, and the lists by which it
// chooses keys to write and to evict.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/time.hpp"
#include "actors/queue/state/state_write.hpp"

namespace millrace::queues {

/// Invariant: written <= changed. The key is dirty where written < changed.
struct Residence {
  std::string key{};
  bool is_loaded = false;       ///< KeyState::value is the value of the key
  logs::Lsn changed = 0;        ///< last record that changed the key
  logs::Lsn value_changed = 0;  ///< last record that set or erased its value
  logs::Lsn forgotten = 0;      ///< last record that forgot its history; 0: none since written()
  logs::Lsn written = 0;        ///< the store has all changes up to this record
  TimeUs age_us = -1;           ///< Durable::age_us at the last change; < 0: not known here
  std::vector<HistoryPart> tail{};  ///< of records after `written`, in order
  std::uint64_t bytes = 0;          ///< that the list counts

  [[nodiscard]] bool is_dirty() const { return written < changed; }

 private:
  friend class ResidenceList;
  Residence* before_ = nullptr;
  Residence* after_ = nullptr;
  bool is_listed_ = false;
};

/// A list through residences, which it does not own; counts their bytes.
class ResidenceList {
 public:
  [[nodiscard]] Residence* front() const { return first_; }
  [[nodiscard]] static Residence* after(const Residence& one) { return one.after_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  /// REQUIRES: `one` is in no list.
  void push_back(Residence& one) {
    one.before_ = std::exchange(last_, &one);
    one.after_ = nullptr;
    (one.before_ == nullptr ? first_ : one.before_->after_) = &one;
    one.is_listed_ = true;
    bytes_ += one.bytes;
  }

  /// Without effect where `one` is in no list. REQUIRES: it is in no other list.
  void remove(Residence& one) {
    if (!std::exchange(one.is_listed_, false)) return;
    (one.before_ == nullptr ? first_ : one.before_->after_) = one.after_;
    (one.after_ == nullptr ? last_ : one.after_->before_) = one.before_;
    one.before_ = one.after_ = nullptr;
    bytes_ -= one.bytes;
  }

 private:
  Residence* first_ = nullptr;
  Residence* last_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace millrace::queues
