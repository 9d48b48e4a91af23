// Body: a message as the log holds it, shared by its readers; and its index within a record.
#pragma once

#include <memory>
#include <utility>

#include "actors/base/time.hpp"
#include "messages/envelope.hpp"
#include "messages/envelope.pb.h"
#include "messages/record.pb.h"

namespace millrace::queues {

/// A message in memory and the time of its record, or empty. Copies share the message.
class Body {
 public:
  Body() = default;
  /// `message` keeps its owner alive, usually the record that it is part of. `logged_at_us`: time
  /// of that record; 0: unknown.
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

/// Approximate bytes of memory that a body takes beside its payload and key.
constexpr std::uint64_t body_overhead = 256;

/// The body of `envelope`, one of `messages` messages of one queue in `record` of `bytes` serialized
/// bytes. Shares the record, and so keeps all of it in memory, only where that many messages of this
/// size are at least a quarter of it; otherwise a copy. So the bodies of a record that are all there
/// take at most four times the memory that they are charged for; see MessageIndex for the others.
[[nodiscard]] inline Body body_in(const std::shared_ptr<const pb::Record>& record,
                                  std::size_t bytes, const pb::Envelope& envelope,
                                  std::size_t messages) {
  const std::uint64_t charged = bytes_of(envelope) + body_overhead;
  if (bytes <= 4 * charged * messages) return {{record, &envelope}, record->at_us()};
  return {std::make_shared<const pb::Envelope>(envelope), record->at_us()};
}

// Entry::index of a message in a change: of `append[i]`, i; of `relocation[i]`, i with
// relocated_bit; of `install.body[i]`, i with installed_bit.
constexpr std::uint32_t relocated_bit = 1u << 31;
constexpr std::uint32_t installed_bit = 1u << 30;

/// The message of `change` with this Entry::index; null: there is none. Lives as long as `change`.
[[nodiscard]] inline const pb::Envelope* envelope_at(const pb::Change& change,
                                                     std::uint32_t index) {
  const auto at = static_cast<int>(index & (installed_bit - 1));
  if ((index & relocated_bit) != 0) {
    return at < change.relocation_size() ? &change.relocation(at).envelope() : nullptr;
  }
  if ((index & installed_bit) != 0) {
    return at < change.install().body_size() ? &change.install().body(at) : nullptr;
  }
  return at < change.append_size() ? &change.append(at) : nullptr;
}

}  // namespace millrace::queues
