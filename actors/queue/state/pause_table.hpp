// PauseTable: what of a queue is paused: all of it, or single keys. What is paused accepts offers and is
// not leased.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "actors/queue/state/pause.hpp"
#include "messages/record.pb.h"

namespace millrace::queues {

/// A value: copies are independent.
class PauseTable {
 public:
  using Keys = std::map<std::string, Pause, std::less<>>;

  [[nodiscard]] bool empty() const { return !queue_ && keys_.empty(); }
  /// The pause of the whole queue.
  [[nodiscard]] const std::optional<Pause>& queue() const { return queue_; }
  [[nodiscard]] const Keys& keys() const { return keys_; }
  /// Of the key, or with an empty key of the queue; null: not paused.
  [[nodiscard]] const Pause* find(std::string_view key) const {
    if (key.empty()) return queue_ ? &*queue_ : nullptr;
    const auto found = keys_.find(key);
    return found == keys_.end() ? nullptr : &found->second;
  }

  /// An empty key stands for the queue, as in find().
  void set(const std::string& key, Pause pause) {
    if (key.empty()) {
      queue_ = std::move(pause);
    } else {
      keys_.insert_or_assign(key, std::move(pause));
    }
  }
  /// Without effect where nothing is paused.
  void clear(std::string_view key) {
    if (key.empty()) {
      queue_.reset();
    } else if (const auto found = keys_.find(key); found != keys_.end()) {
      keys_.erase(found);
    }
  }

  /// Calls `visit(key, pause)` for each, with an empty key for the queue.
  template <class Visit>
  void for_each(Visit visit) const {
    if (queue_) visit(std::string(), *queue_);
    for (const auto& [key, pause] : keys_) visit(key, pause);
  }

  /// The earliest Pause::until_us; nullopt: none ends by itself.
  [[nodiscard]] std::optional<TimeUs> next_end_us() const {
    std::optional<TimeUs> next;
    for_each([&next](const std::string&, const Pause& pause) {
      if (pause.until_us != 0 && (!next || pause.until_us < *next)) next = pause.until_us;
    });
    return next;
  }

 private:
  std::optional<Pause> queue_;
  Keys keys_;
};

void write_pause(pb::PauseChange& out, const std::string& key, const Pause& pause);
[[nodiscard]] Pause read_pause(const pb::Pause& pause);

}  // namespace millrace::queues
