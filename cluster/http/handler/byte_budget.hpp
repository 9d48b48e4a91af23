// ByteBudget: how many bytes many holders may have together.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace millrace::http {

/// A sixteenth of the budget is for holders of at most `small_bytes` each, so that small bodies
/// pass while large ones have used up the rest. One large holder may have more than the rest if no
/// other large one has any. Thread-safe.
///
/// Invariant: large_ <= used_, and used_ is the sum of all charges.
class ByteBudget {
 public:
  static constexpr std::uint64_t small_bytes = 64u << 10;

  explicit ByteBudget(std::uint64_t max) : max_(max) {}

  /// False if there is no room now; nothing is taken then.
  [[nodiscard]] bool try_take(std::uint64_t bytes);
  /// Gives back what try_take(bytes) took.
  void give_back(std::uint64_t bytes);
  [[nodiscard]] std::uint64_t used() const;

 private:
  const std::uint64_t max_;
  mutable std::mutex mutex_;
  std::uint64_t used_ = 0;
  std::uint64_t large_ = 0;  ///< of used_, what holders of more than small_bytes have
};

/// What one holder has of a budget; given back when this is destroyed. Moving leaves an empty one.
class ByteCharge {
 public:
  ByteCharge() = default;
  ~ByteCharge() { release(); }
  ByteCharge(ByteCharge&& other) noexcept
      : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}
  ByteCharge& operator=(ByteCharge&& other) noexcept {
    release();
    budget_ = std::move(other.budget_);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }
  ByteCharge(const ByteCharge&) = delete;
  ByteCharge& operator=(const ByteCharge&) = delete;

  /// False if there is no room in `budget` now. Precondition: this is empty.
  [[nodiscard]] bool take(const std::shared_ptr<ByteBudget>& budget, std::uint64_t bytes);
  void release();

 private:
  std::shared_ptr<ByteBudget> budget_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace millrace::http
