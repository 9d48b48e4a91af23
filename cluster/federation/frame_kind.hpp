// The kinds of frames between nodes. Frozen once released: never reuse a number.
#pragma once

#include "cluster/transport/transport.hpp"

namespace millrace::federation {

constexpr transport::FrameKind attach_frame{1};    ///< pb::OutboxAttach
constexpr transport::FrameKind attached_frame{2};  ///< pb::OutboxAttached
constexpr transport::FrameKind offer_frame{3};     ///< pb::OutboxOffer
constexpr transport::FrameKind settled_frame{4};   ///< pb::OutboxSettled
constexpr transport::FrameKind resume_frame{5};    ///< pb::OutboxResume

}  // namespace millrace::federation
