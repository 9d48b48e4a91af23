// Body: a message as it lies in the log, shared with all who read it.
#pragma once

#include <memory>
#include <utility>

#include "actors/base/time.hpp"
#include "messages/envelope.pb.h"

namespace millrace::queues {

/// A message, and when it was logged. Empty where a message is not in memory. Cheap to copy.
class Body {
 public:
  Body() = default;
  /// `message` shares what keeps it alive, usually the record that it is part of. `logged_at_us`:
  /// the time of that record; 0: not known.
  Body(std::shared_ptr<const pb::Envelope> message, TimeUs logged_at_us = 0)
      : message_(std::move(message)), logged_at_us_(logged_at_us) {}

  explicit operator bool() const { return message_ != nullptr; }
  const pb::Envelope& operator*() const { return *message_; }
  const pb::Envelope* operator->() const { return message_.get(); }

  [[nodiscard]] const std::shared_ptr<const pb::Envelope>& message() const { return message_; }
  [[nodiscard]] TimeUs logged_at_us() const { return logged_at_us_; }

 private:
  std::shared_ptr<const pb::Envelope> message_{};
  TimeUs logged_at_us_ = 0;
};

}  // namespace millrace::queues
