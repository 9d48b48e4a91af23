// The frames of calls between nodes. Frozen once released: never reuse a number or a bit.
#pragma once

#include <cstdint>

#include "cluster/transport/transport.hpp"

namespace millrace::calls {

// Kinds below 16 belong to cluster/federation, 16 to cluster/membership, 17 and 18 to cluster/move.
constexpr transport::FrameKind request_frame{19};  ///< pb::PeerRequest
constexpr transport::FrameKind answer_frame{20};   ///< pb::PeerAnswer

/// The bit of NodeIdentity::features by which a node says that it knows these frames. A node of an
/// older version ends the link when it gets a frame of a kind that it does not know, so no request is
/// sent to a peer without the bit.
constexpr std::uint64_t calls_feature = 1;

}  // namespace millrace::calls
