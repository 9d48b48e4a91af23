// What MessageOptions mean for an envelope: the same for senders, outputs and tests.
#pragma once

#include <cstddef>
#include <string>

#include "actors/base/time.hpp"
#include "actors/stage/routed.hpp"
#include "messages/envelope.pb.h"

namespace millrace {

/// Says which value is outside its range; empty: none.
[[nodiscard]] std::string check_options(const MessageOptions& options);

/// Sets delay and deadline of a message that is sent at the wall time `now_us`. Without a deadline in
/// `options`, the message keeps the one that it has.
void set_times(pb::Envelope& envelope, const MessageOptions& options, TimeUs now_us);

/// Sets the headers of a message that is offered, or of an output or timer of `input`.
void set_headers(pb::Envelope& envelope, const MessageOptions& options,
                 const pb::Envelope* input = nullptr);

/// Bytes of names and values.
[[nodiscard]] std::size_t bytes_of(const Headers& headers);

}  // namespace millrace
