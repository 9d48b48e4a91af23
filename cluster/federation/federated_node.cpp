#include "cluster/federation/federated_node.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "actors/assembly/node_actors.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "cluster/federation/shell/call_timer_actor.hpp"
#include "cluster/federation/shell/remote_queue_actor.hpp"

namespace millrace::federation {

FederatedNode::FederatedNode(std::string node, transport::Transport& transport, Placement placement,
                             calls::PeerCalls* calls)
    : node_(std::move(node)),
      transport_(transport),
      placement_(std::move(placement)),
      calls_(calls) {}

bool FederatedNode::serves(const std::string& queue, std::uint32_t shard) const {
  return placement_(queue, shard) == node_;
}

queues::OfferHandle FederatedNode::remote(ActorSystem& system, const std::string& queue,
                                          std::uint32_t shard) {
  const Target target{queue, shard};
  const std::string owner = placement_(queue, shard);
  const std::lock_guard lock(mutex_);
  if (has_stopped_) return {};         // stopped() has ended the actors already
  for (auto& [name, peer] : peers_) {  // the previous owner
    const auto former = peer.remote_queues.find(target);
    if (former == peer.remote_queues.end()) continue;
    end_actor(former->second);
    peer.remote_queues.erase(former);
  }
  Peer& peer = peers_[owner];
  const AnyActor actor = spawn_remote_queue(system, {target, owner, &transport_});
  peer.remote_queues.emplace(target, actor);
  // Before started(), started() itself sends the LinkMessage.
  if (system_ != nullptr && peer.is_up) tell(actor, forwarders::LinkMessage{true});
  return queues::as_offer_handle(actor);
}

void FederatedNode::open(ActorSystem& system) {
  {
    const std::lock_guard lock(mutex_);
    if (calls_ == nullptr || has_stopped_ || std::exchange(is_open_, true)) return;
  }
  calls_->open([&](std::function<void()> on_time) {
    return spawn_call_timer(system, calls_->clock(), std::move(on_time));
  });
}

void FederatedNode::started(ActorSystem& system, const NodeActors& actors, ShardMoves& /*moves*/) {
  open(system);
  const std::lock_guard lock(mutex_);
  system_ = &system;
  actors_ = &actors;
  for (auto& [name, peer] : peers_) tell_all(peer, forwarders::LinkMessage{peer.is_up});
}

void FederatedNode::stopped() {
  if (calls_ != nullptr) calls_->stop();
  const std::lock_guard lock(mutex_);
  system_ = nullptr;
  has_stopped_ = true;
  actors_ = nullptr;
  for (auto& [name, peer] : peers_) {
    for (const auto& [target, actor] : peer.remote_queues) {
      end_actor(actor);
    }
    end_actor(peer.answerer);
  }
  peers_.clear();
}

template <class Message>
void FederatedNode::tell_all(Peer& peer, const Message& message) {
  for (const auto& [target, actor] : peer.remote_queues) tell(actor, message);
  tell(peer.answerer, message);
}

void FederatedNode::on_up(const std::string& peer, std::uint64_t /*incarnation*/) {
  if (calls_ != nullptr) calls_->on_up(peer);
  const std::lock_guard lock(mutex_);
  peers_[peer].is_up = true;
  tell_all(peers_[peer], forwarders::LinkMessage{true});
}

void FederatedNode::on_writable(const std::string& peer) {
  {
    const std::lock_guard lock(mutex_);
    tell_all(peers_[peer], forwarders::WritableMessage{});
  }
  if (calls_ != nullptr) calls_->on_writable(peer);
}

void FederatedNode::on_down(const std::string& peer, const Error& reason) {
  if (calls_ != nullptr) calls_->on_down(peer, reason);
  const std::lock_guard lock(mutex_);
  peers_[peer].is_up = false;
  tell_all(peers_[peer], forwarders::LinkMessage{false});
}

// The credit is released once the frame was sent to its actor, or the service of a call has returned. The
// data that waits in actors is bounded by the size of the outboxes' offers, and by the limits of calls.
void FederatedNode::on_frame(const std::string& peer, transport::Frame frame,
                             transport::Credit /*credit*/) {
  if (const auto taken = take(peer, frame); !taken) {
    std::ignore = transport_.reject(peer, taken.error());
  }
}

Result<void> FederatedNode::take(const std::string& peer, const transport::Frame& frame) {
  if (frame.kind == attach_frame) {
    const auto message = parse<pb::OutboxAttach>(frame);
    if (!message) return message.error();
    attach(peer, **message);
  } else if (frame.kind == attached_frame) {
    const auto message = parse<pb::OutboxAttached>(frame);
    if (!message) return message.error();
    pass(peer, (*message)->target(),
         queues::AttachReply{0, (*message)->last(), to_error((*message)->refusal())});
  } else if (frame.kind == offer_frame) {
    const auto message = parse<pb::OutboxOffer>(frame);
    if (!message) return message.error();
    offer(peer, *message);
  } else if (frame.kind == settled_frame) {
    const auto message = parse<pb::OutboxSettled>(frame);
    if (!message) return message.error();
    pass(peer, (*message)->target(),
         queues::OfferReply{0, (*message)->settled(), (*message)->taken(),
                            to_error((*message)->refusal())});
  } else if (frame.kind == resume_frame) {
    const auto message = parse<pb::OutboxResume>(frame);
    if (!message) return message.error();
    pass(peer, (*message)->target(), queues::ResumeMessage{0});
  } else if (calls_ != nullptr && calls::PeerCalls::takes(frame.kind)) {
    return calls_->take(peer, frame);
  } else {
    return Error{ErrorCode::protocol,
                 "a frame of unknown kind " + std::to_string(static_cast<int>(frame.kind))};
  }
  return {};
}

// Handles an answer of the peer's queue: passes it to the remote queue actor of that queue.
template <class Message>
void FederatedNode::pass(const std::string& peer, const pb::QueueShard& target, Message message) {
  const std::lock_guard lock(mutex_);
  const auto& remote_queues = peers_[peer].remote_queues;
  const auto found = remote_queues.find(to_target(target));
  if (found != remote_queues.end()) tell(found->second, std::move(message));
}

LocalQueue FederatedNode::served(const Target& target) const {
  const auto served = actors_->served(target.queue, target.shard);
  return served ? *served : LocalQueue{};
}

void FederatedNode::attach(const std::string& peer, const pb::OutboxAttach& attach) {
  const std::lock_guard lock(mutex_);
  if (system_ == nullptr) return;
  const Target target = to_target(attach.target());
  const LocalQueue queue = served(target);
  if (!queue.handle) return refuse(peer, target);
  AnyActor& answerer = peers_[peer].answerer;
  if (!answerer) answerer = spawn_answerer(*system_, {peer, names_, &transport_});
  names_->set(queue.number, target);
  tell(queue.handle, queues::AttachMessage{to_request(attach), address_of(answerer), true});
}

void FederatedNode::offer(const std::string& peer, const std::shared_ptr<pb::OutboxOffer>& offer) {
  auto out = std::make_shared<queues::Offer>();
  out->producer = offer->producer();
  out->epoch = offer->epoch();
  out->first = offer->first();
  out->messages.reserve(static_cast<std::size_t>(offer->message_size()));
  for (const pb::Envelope& message : offer->message()) {
    out->messages.emplace_back(offer, &message);
  }
  const std::lock_guard lock(mutex_);
  if (system_ == nullptr) return;
  const Target target = to_target(offer->target());
  const LocalQueue queue = served(target);
  if (!queue.handle) return refuse(peer, target);
  // A queue accepts offers only from senders that have attached.
  if (AnyActor& answerer = peers_[peer].answerer) {
    names_->set(queue.number, target);  // without an attachment, the queue answers with a refusal
    tell_as(answerer, queue.handle, queues::OfferMessage{std::move(out)});
  }
}

void FederatedNode::refuse(const std::string& peer, const Target& target) {
  const Error refusal{ErrorCode::not_owner,
                      node_ + " does not serve shard " + std::to_string(target.shard) + " of " +
                          target.queue + "; " + placement_(target.queue, target.shard) + " does"};
  // If this answer is lost, the other side asks again.
  std::ignore = transport_.send(peer, attached_to_frame(target, 0, refusal));
}

}  // namespace millrace::federation
