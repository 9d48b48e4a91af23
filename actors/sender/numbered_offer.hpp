// Offers of messages that a client has numbered by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "messages/result.hpp"

namespace millrace::senders {

/// What became of the numbers first, first + 1, … of an offer.
/// Invariant: known <= settled unless nothing was settled by this offer.
struct NumberedOutcome {
  std::uint64_t known = 0;         ///< numbers up to this had been taken before
  std::uint64_t settled = 0;       ///< numbers up to this are durable
  std::optional<Error> refusal{};  ///< of the numbers above `settled`
};

/// Called once at most, on an actor's thread: not where the node stops or the queue does not answer. Then
/// nobody knows what is durable. Must not block or throw.
using NumberedDone = std::function<void(const NumberedOutcome&)>;

}  // namespace millrace::senders
