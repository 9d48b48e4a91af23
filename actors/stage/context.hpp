// Context: what a handler may know about the delivery that it is working on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "actors/base/time.hpp"
#include "messages/envelope.pb.h"
#include "messages/hash.hpp"

namespace millrace {

/// The lease of a handler in progress, as far as the handler needs it.
class LeaseControl {
 public:
  virtual ~LeaseControl() = default;
  [[nodiscard]] virtual TimeUs now_us() const = 0;          ///< any thread
  [[nodiscard]] virtual TimeUs lease_until_us() const = 0;  ///< any thread
  virtual void extend(DurationUs by_us) = 0;                ///< the handler's thread
};

/// Facts about one delivery, and the way to learn that it was given up. Valid during the call.
class Context {
 public:
  struct Facts {
    MessageId id{};  ///< of the message
    std::string_view key{};
    std::uint64_t sequence = 0;  ///< position in the queue
    std::uint32_t failed = 0;    ///< failures before this delivery
    std::uint32_t acquired = 1;  ///< deliveries so far, this one included
    TimeUs now_us = 0;           ///< when the delivery began
    TimeUs born_at_us = 0;       ///< when the first message of this line of work was offered
    TimeUs expires_at_us = 0;    ///< deadline of the message; 0: none
    TimeUs lease_until_us = 0;   ///< outcomes after this are refused, unless it was extended
    int priority = 4;            ///< 0 (last) to 9 (first)
    /// Why and after what the message was given up; null unless the queue is one of dead letters.
    const pb::DeadLetter* dead_letter = nullptr;
  };

  /// `control` outlives the context; null: the lease never ends.
  Context(Facts facts, std::string_view stage, LeaseControl* control = nullptr)
      : facts_(facts), stage_(stage), control_(control) {}

  [[nodiscard]] const Facts& facts() const { return facts_; }
  [[nodiscard]] TimeUs now_us() const { return facts_.now_us; }

  /// True once the lease has ended: whatever the handler returns will be refused. Any thread.
  [[nodiscard]] bool is_cancelled() const {
    return control_ != nullptr && control_->now_us() > control_->lease_until_us();
  }

  /// In progress: asks for the lease to end not before `by` from now; it is never shortened, and
  /// one that has ended stays so. Messages of one run share their lease. Handler's thread.
  void extend(std::chrono::microseconds by) const {
    if (control_ != nullptr) control_->extend(to_us(by));
  }

  /// For the runtime: whether the next message of a run may begin under the lease, of which those
  /// before it have spent less than a quarter.
  [[nodiscard]] bool has_time() const {
    if (control_ == nullptr) return true;
    return (control_->now_us() - facts_.now_us) * 4 < facts_.lease_until_us - facts_.now_us;
  }

  /// A stable id, 32 hexadecimal digits, for the `index`-th call of this handler to the outside
  /// world: the same at each repetition, so that the other side can recognise one.
  [[nodiscard]] std::string call_id(std::uint32_t index = 0) const;

 private:
  Facts facts_;
  std::string_view stage_;
  LeaseControl* control_;
};

}  // namespace millrace
