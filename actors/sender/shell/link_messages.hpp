// What those who send over a link to another node, and forwarders behind them, are told of it.
#pragma once

namespace millrace::forwarders {

/// The link came up, and the target may be attached to anew; or went down: then all that was sent
/// over it may be lost.
struct LinkMessage {
  bool is_up = false;
};

/// After the link took no more: it takes something again.
struct WritableMessage {};

}  // namespace millrace::forwarders
