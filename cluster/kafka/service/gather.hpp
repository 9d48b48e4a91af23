// Gather: collects the outcomes of several calls, which may come from any thread, and goes on in the loop
// when all are there.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cluster/kafka/server/loop.hpp"
#include "messages/result.hpp"

namespace millrace::kafka {

/// Kept alive by the callbacks that it hands out. If one of them is destroyed without a call, nothing
/// happens any more.
template <class T>
class Gather : public std::enable_shared_from_this<Gather<T>> {
 public:
  using Outcomes = std::vector<std::optional<Result<T>>>;  ///< all are set

  /// `finish` runs in the loop with `count` outcomes.
  Gather(std::shared_ptr<Mailbox> mailbox, std::size_t count, std::function<void(Outcomes&)> finish)
      : mailbox_(std::move(mailbox)), outcomes_(count), left_(count), finish_(std::move(finish)) {}

  /// Receives the outcome with this index. REQUIRES: index < count; each once.
  [[nodiscard]] std::function<void(Result<T>)> slot(std::size_t index) {
    return [self = this->shared_from_this(), index](Result<T> outcome) {
      self->set(index, std::move(outcome));
    };
  }
  /// As slot(index) called with `outcome`.
  void set(std::size_t index, Result<T> outcome) {
    outcomes_[index].emplace(std::move(outcome));
    // The last one sees what all others have written.
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) finish_later();
  }
  /// For a count of 0.
  void finish_if_empty() {
    if (outcomes_.empty()) finish_later();
  }

 private:
  void finish_later() {
    // What `finish` holds is released here, in the loop, and not by whoever releases the last callback.
    mailbox_->post([self = this->shared_from_this()] {
      const auto finish = std::exchange(self->finish_, nullptr);
      finish(self->outcomes_);
    });
  }

  const std::shared_ptr<Mailbox> mailbox_;
  Outcomes outcomes_;
  std::atomic<std::size_t> left_;
  std::function<void(Outcomes&)> finish_;
};

}  // namespace millrace::kafka
