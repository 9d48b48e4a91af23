// Confirmation: how a sender reports what became of a message.
#pragma once

#include <functional>

#include "messages/result.hpp"

namespace millrace::senders {

/// Called exactly once for each message that a sender accepted: with success when the message is
/// durable, with the error when the sender has failed or is stopped. Called on the sender actor's
/// thread. Must not block. What it throws is logged and has no further effect.
using Confirmation = std::function<void(const Result<void>&)>;

}  // namespace millrace::senders
