// Collect: the outcomes of several calls, from any threads, as one.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "messages/result.hpp"

namespace millrace::kafka {

/// Kept alive by the callbacks that it hands out.
template <class T>
class Collect : public std::enable_shared_from_this<Collect<T>> {
 public:
  using Outcomes = std::vector<std::optional<Result<T>>>;  ///< all are set

  /// `finish` is called once, with `count` outcomes, by the thread that brings the last one; at once if `count` is 0.
  [[nodiscard]] static std::shared_ptr<Collect> make(std::size_t count,
                                                     std::function<void(Outcomes&)> finish) {
    auto collect = std::make_shared<Collect>(count, std::move(finish));
    if (count == 0) collect->finish_(collect->outcomes_);
    return collect;
  }
  Collect(std::size_t count, std::function<void(Outcomes&)> finish)
      : outcomes_(count), left_(count), finish_(std::move(finish)) {}

  /// Receives the outcome with this index. REQUIRES: each is called once.
  [[nodiscard]] std::function<void(Result<T>)> slot(std::size_t index) {
    return [self = this->shared_from_this(), index](Result<T> outcome) {
      self->outcomes_[index].emplace(std::move(outcome));
      // The last one sees what all others have written.
      if (self->left_.fetch_sub(1, std::memory_order_acq_rel) == 1) self->finish_(self->outcomes_);
    };
  }

 private:
  Outcomes outcomes_;
  std::atomic<std::size_t> left_;
  std::function<void(Outcomes&)> finish_;
};

}  // namespace millrace::kafka
