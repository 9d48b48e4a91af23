// Context: what a handler may know about the delivery that it is working on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "actors/base/time.hpp"
#include "messages/hash.hpp"

namespace millrace {

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
    TimeUs lease_until_us = 0;   ///< outcomes after this are refused
  };

  Context(Facts facts, std::string_view stage,
          std::shared_ptr<const std::atomic<bool>> cancelled = nullptr)
      : facts_(facts), stage_(stage), cancelled_(std::move(cancelled)) {}

  [[nodiscard]] const Facts& facts() const { return facts_; }
  [[nodiscard]] TimeUs now_us() const { return facts_.now_us; }

  /// True once the lease has ended: whatever the handler returns will be refused. Any thread.
  [[nodiscard]] bool is_cancelled() const { return cancelled_ && cancelled_->load(); }

  /// A stable id, 32 hexadecimal digits, for the `index`-th call of this handler to the outside
  /// world: the same at each repetition, so that the other side can recognise one.
  [[nodiscard]] std::string call_id(std::uint32_t index = 0) const;

 private:
  Facts facts_;
  std::string_view stage_;
  std::shared_ptr<const std::atomic<bool>> cancelled_;
};

}  // namespace millrace
