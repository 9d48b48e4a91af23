// Credit: what a frame that was delivered holds of its sender's window, until it is let go.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

namespace millrace::transport {

/// Takes back what delivered frames held. Implementations are safe from any thread.
class CreditLedger {
 public:
  virtual ~CreditLedger() = default;
  virtual void release(std::size_t charge) = 0;
};

/// Comes with each frame, and gives its charge back to the sender when it is destroyed: keep it
/// until the work on the frame is done, and a slow listener slows its own peer only. Move it to
/// another thread freely; it may outlive the transport.
class Credit {
 public:
  Credit() = default;
  Credit(std::shared_ptr<CreditLedger> ledger, std::size_t charge)
      : ledger_(std::move(ledger)), charge_(charge) {}
  Credit(Credit&& other) noexcept
      : ledger_(std::move(other.ledger_)), charge_(std::exchange(other.charge_, 0)) {}
  Credit& operator=(Credit&& other) noexcept {
    Credit gone(std::move(other));
    std::swap(ledger_, gone.ledger_);
    std::swap(charge_, gone.charge_);
    return *this;
  }
  Credit(const Credit&) = delete;
  Credit& operator=(const Credit&) = delete;
  ~Credit() {
    if (ledger_) ledger_->release(charge_);
  }

 private:
  std::shared_ptr<CreditLedger> ledger_;
  std::size_t charge_ = 0;
};

}  // namespace millrace::transport
