#include "cluster/federation/frames.hpp"

#include <google/protobuf/io/coded_stream.h>

#include "messages/envelope.hpp"

namespace millrace::federation {
namespace {

using google::protobuf::io::CodedOutputStream;

/// Protobuf's tag of the field `message`: field number and wire type 2 (length-delimited).
constexpr std::uint32_t message_tag = pb::OutboxOffer::kMessageFieldNumber << 3 | 2;

void fill(pb::QueueShard& shard, const Target& target) {
  shard.set_queue(target.queue);
  shard.set_shard(target.shard);
}

void fill(pb::Refusal& refusal, const Error& error) {
  refusal.set_code(static_cast<std::uint32_t>(error.code));
  refusal.set_message(error.message);
}

template <class Message>
transport::Frame pack(transport::FrameKind kind, const Message& message) {
  return {kind, message.SerializeAsString()};
}

// Appends the field `message` of an OutboxOffer, without copying the envelope.
void append(std::string& bytes, const pb::Envelope& envelope) {
  std::uint8_t head[16];
  std::uint8_t* end = CodedOutputStream::WriteVarint32ToArray(message_tag, head);
  end = CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(envelope.ByteSizeLong()),
                                                end);
  bytes.append(head, end);
  envelope.AppendToString(&bytes);
}

}  // namespace

transport::Frame to_frame(const Target& target, const queues::AttachRequest& request) {
  pb::OutboxAttach attach;
  fill(*attach.mutable_target(), target);
  attach.set_producer(request.producer);
  attach.set_epoch(request.epoch);
  attach.set_base(request.base);
  for (const queues::OutboxGeneration& generation : request.generations) {
    pb::OutboxGeneration& sent = *attach.add_generation();
    sent.set_id(generation.id);
    sent.set_after(generation.after);
  }
  attach.set_accept_loss(request.accepts_loss);
  return pack(attach_frame, attach);
}

std::vector<transport::Frame> to_frames(const Target& target, const queues::Offer& offer) {
  std::vector<transport::Frame> frames;
  pb::OutboxOffer head;
  fill(*head.mutable_target(), target);
  head.set_producer(offer.producer);
  head.set_epoch(offer.epoch);
  for (std::size_t i = 0; i < offer.messages.size(); ++i) {
    const pb::Envelope& message = *offer.messages[i];
    if (frames.empty() || frames.back().bytes.size() + bytes_of(message) > frame_bytes) {
      head.set_first(offer.first + i);
      frames.push_back(pack(offer_frame, head));
    }
    append(frames.back().bytes, message);
  }
  return frames;
}

transport::Frame attached_to_frame(const Target& target, std::uint64_t last,
                                   const std::optional<Error>& refusal) {
  pb::OutboxAttached attached;
  fill(*attached.mutable_target(), target);
  attached.set_last(last);
  if (refusal) fill(*attached.mutable_refusal(), *refusal);
  return pack(attached_frame, attached);
}

transport::Frame to_frame(const Target& target, const senders::Answer& answer) {
  pb::OutboxSettled settled;
  fill(*settled.mutable_target(), target);
  settled.set_settled(answer.settled);
  settled.set_taken(answer.taken);
  if (answer.refusal) fill(*settled.mutable_refusal(), *answer.refusal);
  return pack(settled_frame, settled);
}

transport::Frame resume_to_frame(const Target& target) {
  pb::OutboxResume resume;
  fill(*resume.mutable_target(), target);
  return pack(resume_frame, resume);
}

queues::AttachRequest to_request(const pb::OutboxAttach& attach) {
  queues::AttachRequest request{attach.producer(), attach.epoch(), attach.base()};
  for (const pb::OutboxGeneration& generation : attach.generation())
    request.generations.push_back({generation.id(), generation.after()});
  request.accepts_loss = attach.accept_loss();
  return request;
}

Target to_target(const pb::QueueShard& shard) {
  return {shard.queue(), shard.shard()};
}

std::optional<Error> to_error(const pb::Refusal& refusal) {
  if (refusal.code() == 0) return std::nullopt;
  return Error{static_cast<ErrorCode>(refusal.code()), refusal.message()};
}

}  // namespace millrace::federation
