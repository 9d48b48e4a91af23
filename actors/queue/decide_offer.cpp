#include "actors/queue/decide_offer.hpp"

#include <algorithm>

#include "messages/envelope.hpp"

namespace millrace::queues {
namespace {

Error fenced(const State& state, const std::string& producer, std::uint64_t epoch,
             std::uint64_t newer) {
  return {ErrorCode::fenced, "producer " + producer + " of epoch " + std::to_string(epoch) +
                                 " is fenced at " + state.name + " by epoch " +
                                 std::to_string(newer)};
}

std::optional<Error> check_session(const State& state, const Offer& offer,
                                   const Producer* producer) {
  if (producer == nullptr || offer.epoch > producer->epoch) {
    return Error{ErrorCode::unknown_producer, "producer " + offer.producer + " of epoch " +
                                                  std::to_string(offer.epoch) +
                                                  " is not attached to " + state.name};
  }
  if (offer.epoch < producer->epoch) {
    return fenced(state, offer.producer, offer.epoch, producer->epoch);
  }
  return std::nullopt;
}

// Room left, with what is on its way into the log counted as there.
std::optional<Error> check_room(const State& state, Room room, std::uint64_t messages,
                                std::uint64_t bytes) {
  if (room.draining) return Error{ErrorCode::draining, state.name + ": the node is stopping"};
  if (room.storage_full)
    return Error{ErrorCode::storage_full, state.name + ": no room on the disk"};
  const Volatile& live = state.live;
  const MessageIndex& index = state.durable.index;
  if (index.size() + live.proposed_messages + messages >= state.limits.backlog_messages) {
    return Error{ErrorCode::backlog_full, state.name + " is at its limit of " +
                                              std::to_string(state.limits.backlog_messages) +
                                              " messages"};
  }
  if (index.bytes() + live.proposed_bytes + bytes >= state.limits.backlog_bytes) {
    return Error{ErrorCode::backlog_full, state.name + " is at its limit of " +
                                              std::to_string(state.limits.backlog_bytes) +
                                              " bytes"};
  }
  return std::nullopt;
}

}  // namespace

OfferDecision decide(const State& state, const Offer& offer, Room room, TimeUs now_us) {
  OfferDecision out;
  const Producer* producer = state.durable.dedup.find(offer.producer);
  out.refusal = check_session(state, offer, producer);
  if (out.refusal) return out;

  const auto proposed = state.live.proposed.find(offer.producer);
  const std::uint64_t known = proposed == state.live.proposed.end()
                                  ? producer->last
                                  : std::max(proposed->second, producer->last);
  out.settled = producer->last;
  out.taken = known;
  if (offer.first > known + 1) {
    out.refusal = Error{ErrorCode::out_of_order,
                        state.name + " expects " + std::to_string(known + 1) + " of producer " +
                            offer.producer + ", was offered " + std::to_string(offer.first)};
    return out;
  }
  const std::uint64_t skip = known + 1 - offer.first;
  out.repeats = std::min<std::uint64_t>(skip, offer.messages.size());
  if (skip >= offer.messages.size()) return out;

  auto record = new_record(state, now_us);
  pb::Change& change = *record->mutable_change(0);
  pb::Produced produced;
  const TimeUs remembered_since_us = now_us - state.limits.idempotency_window_us;
  for (std::size_t i = skip; i < offer.messages.size(); ++i) {
    const pb::Envelope& message = *offer.messages[i];
    Pending& pending = out.decision.pending;
    out.refusal = check_room(state, room, pending.messages, pending.bytes);
    if (out.refusal) break;
    ++out.taken;
    if (!message.idempotency_key().empty()) {
      const MessageId id = hash_idempotency_key(message.idempotency_key());
      auto& own = pending.business_keys;
      if (state.durable.dedup.knows(id, remembered_since_us) ||
          state.live.proposed_keys.contains(id) ||
          std::find(own.begin(), own.end(), id) != own.end()) {
        produced.add_duplicate(out.taken);
        continue;
      }
      own.push_back(id);
    }
    *change.add_append() = message;
    ++pending.messages;
    pending.bytes += bytes_of(message);
  }
  if (out.taken == known) return out;
  produced.set_producer(offer.producer);
  produced.set_epoch(offer.epoch);
  produced.set_first(known + 1);
  produced.set_count(static_cast<std::uint32_t>(out.taken - known));
  *change.add_produced() = std::move(produced);
  out.decision.record = std::move(record);
  return out;
}

AttachDecision decide(const State& state, const AttachRequest& request, TimeUs now_us) {
  AttachDecision out;
  if (const Producer* producer = state.durable.dedup.find(request.producer)) {
    out.last = producer->last;
    if (request.epoch == producer->epoch) return out;
    if (request.epoch < producer->epoch) {
      out.refusal = fenced(state, request.producer, request.epoch, producer->epoch);
      return out;
    }
  }
  auto record = new_record(state, now_us);
  pb::Attach& attach = *record->mutable_change(0)->add_attach();
  attach.set_producer(request.producer);
  attach.set_epoch(request.epoch);
  out.decision.record = std::move(record);
  return out;
}

}  // namespace millrace::queues
