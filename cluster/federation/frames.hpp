// Conversion of offers and their answers to frames and back. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/queue/decide/decide_offer.hpp"
#include "actors/sender/core/sender_core.hpp"
#include "cluster/federation/frame_kind.hpp"
#include "messages/federation.pb.h"

namespace millrace::federation {

/// A shard of a queue.
struct Target {
  std::string queue;
  std::uint32_t shard = 0;

  friend auto operator<=>(const Target&, const Target&) = default;
};

/// Size at which an offer is split into several frames. A frame of one message may be larger.
constexpr std::size_t frame_bytes = 64u << 10;

[[nodiscard]] transport::Frame to_frame(const Target& target, const queues::AttachRequest& request);
/// Splits an offer into frames; the numbers of a frame continue those of the previous frame.
[[nodiscard]] std::vector<transport::Frame> to_frames(const Target& target,
                                                      const queues::Offer& offer);
[[nodiscard]] transport::Frame attached_to_frame(const Target& target, std::uint64_t last,
                                                 const std::optional<Error>& refusal);
[[nodiscard]] transport::Frame to_frame(const Target& target, const senders::Answer& answer);
[[nodiscard]] transport::Frame resume_to_frame(const Target& target);

[[nodiscard]] queues::AttachRequest to_request(const pb::OutboxAttach& attach);
[[nodiscard]] Target to_target(const pb::QueueShard& shard);
[[nodiscard]] std::optional<Error> to_error(const pb::Refusal& refusal);

/// Parses the bytes of a frame. Fails with `protocol`.
template <class Message>
[[nodiscard]] Result<std::shared_ptr<Message>> parse(const transport::Frame& frame) {
  auto message = std::make_shared<Message>();
  if (message->ParseFromString(frame.bytes)) return message;
  return Error{ErrorCode::protocol, "a frame of kind " +
                                        std::to_string(static_cast<int>(frame.kind)) + " with " +
                                        std::to_string(frame.bytes.size()) + " bytes holds no " +
                                        message->GetTypeName()};
}

}  // namespace millrace::federation
