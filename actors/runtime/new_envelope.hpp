// Envelopes of messages that come from outside of a pipeline.
#pragma once

#include <memory>
#include <string>

#include "actors/base/time.hpp"
#include "actors/stage/routed.hpp"
#include "messages/envelope.pb.h"
#include "messages/result.hpp"

namespace millrace {

/// A message that is born at the wall time `now_us`, without an id. Fails with `too_large`: a part is
/// above its bound in messages/bounds.hpp; or with `invalid_argument`: an option is outside its range.
[[nodiscard]] Result<std::unique_ptr<pb::Envelope>> new_envelope(std::string key,
                                                                 std::string payload,
                                                                 MessageOptions options,
                                                                 TimeUs now_us);

}  // namespace millrace
