#include "actors/stage/message_options.hpp"

#include <algorithm>

#include "messages/envelope.hpp"

namespace millrace {

std::string check_options(const MessageOptions& options) {
  if (options.priority < -1 || options.priority > priority_max) {
    return "priority: expected 0 to " + std::to_string(priority_max) + ", got " +
           std::to_string(options.priority);
  }
  if (options.delay.count() < 0) return "delay: expected 0 or more";
  if (options.expires_in.count() < 0) return "expires_in: expected 0 or more";
  return {};
}

void set_times(pb::Envelope& envelope, const MessageOptions& options, TimeUs now_us) {
  if (const DurationUs delay_us = options.delay.count(); delay_us > 0) {
    envelope.set_not_before_us(time_after(now_us, delay_us));
    envelope.set_delay_us(std::min<DurationUs>(delay_us, time_max_us));
  }
  if (const DurationUs expires_in_us = options.expires_in.count(); expires_in_us > 0) {
    envelope.set_expires_at_us(time_after(now_us, expires_in_us));
  }
}

}  // namespace millrace
