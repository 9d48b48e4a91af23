// AskTable: the questions of one node that wait for their reply, by id and by deadline. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/base/time.hpp"
#include "actors/sender/question.hpp"

namespace millrace::senders {

/// Not thread-safe.
class AskTable {
 public:
  using Pointer = std::shared_ptr<Question>;

  /// Questions that a node waits for, at most: some hundred bytes each.
  static constexpr std::size_t questions_max = 100'000;

  /// Adds a question. Returns whether there was room. REQUIRES: its id is new.
  [[nodiscard]] bool add(const Pointer& question) {
    if (by_id_.size() >= questions_max) return false;
    by_id_.emplace(question->id(), by_deadline_.emplace(question->until_us(), question));
    return true;
  }

  /// Removes the question; null: nobody waits for `id` any more, or nobody here ever did.
  [[nodiscard]] Pointer take(const std::string& id) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return nullptr;
    Pointer question = std::move(found->second->second);
    by_deadline_.erase(found->second);
    by_id_.erase(found);
    return question;
  }

  /// Removes the questions whose deadline is at or before `now_us`.
  [[nodiscard]] std::vector<Pointer> take_due(SteadyUs now_us) {
    std::vector<Pointer> due;
    while (!by_deadline_.empty() && by_deadline_.begin()->first <= now_us) {
      due.push_back(std::move(by_deadline_.begin()->second));
      by_deadline_.erase(by_deadline_.begin());
      by_id_.erase(due.back()->id());
    }
    return due;
  }

  /// The next deadline; nullopt: no question waits.
  [[nodiscard]] std::optional<SteadyUs> next_due_us() const {
    if (by_deadline_.empty()) return std::nullopt;
    return by_deadline_.begin()->first;
  }

  [[nodiscard]] std::size_t size() const { return by_id_.size(); }

 private:
  using ByDeadline = std::multimap<SteadyUs, Pointer>;

  ByDeadline by_deadline_;
  std::unordered_map<std::string, ByDeadline::iterator> by_id_;  ///< the same questions
};

}  // namespace millrace::senders
