#include "cluster/http/handler/byte_budget.hpp"

#include "actors/base/assert.hpp"

namespace millrace::http {

bool ByteBudget::try_take(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const bool is_small = bytes <= small_bytes;
  const bool fits = used_ + bytes <= (is_small ? max_ : max_ - max_ / 16);
  if (!fits && (is_small || large_ > 0)) return false;
  used_ += bytes;
  if (!is_small) large_ += bytes;
  return true;
}

void ByteBudget::give_back(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  MILLRACE_ASSERT(bytes <= used_);
  used_ -= bytes;
  if (bytes > small_bytes) large_ -= bytes;
}

std::uint64_t ByteBudget::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

bool ByteCharge::take(const std::shared_ptr<ByteBudget>& budget, std::uint64_t bytes) {
  MILLRACE_ASSERT(bytes_ == 0);
  if (!budget->try_take(bytes)) return false;
  budget_ = budget;
  bytes_ = bytes;
  return true;
}

void ByteCharge::release() {
  if (budget_ && bytes_ > 0) budget_->give_back(bytes_);
  budget_.reset();
  bytes_ = 0;
}

}  // namespace millrace::http
