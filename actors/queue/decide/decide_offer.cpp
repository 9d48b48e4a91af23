#include "actors/queue/decide/decide_offer.hpp"

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

// A producer including its records in flight. By the dedup table alone, an older session could pass
// a newer one that is not durable yet, and a number could be taken twice.
struct Session {
  std::uint64_t epoch = 0;
  std::uint64_t last = 0;
  std::uint64_t settled = 0;  ///< last number that is durable; settled <= last
  bool is_durable = false;    ///< the attach of this epoch is durable
};

std::optional<Session> session_of(const State& state, const std::string& producer) {
  const Producer* durable = state.durable.dedup.find(producer);
  const auto proposed = state.live.proposed.find(producer);
  const std::uint64_t settled = durable == nullptr ? 0 : durable->last;
  if (proposed != state.live.proposed.end()) {
    const auto& [epoch, last, records] = proposed->second;
    return Session{epoch, last, settled, durable != nullptr && durable->epoch == epoch};
  }
  if (durable == nullptr) return std::nullopt;
  return Session{durable->epoch, durable->last, settled, true};
}

std::optional<Error> check_session(const State& state, const Offer& offer,
                                   const std::optional<Session>& session) {
  if (offer.first == 0) {
    return Error{ErrorCode::invalid_argument, "sequence numbers begin with 1: producer " +
                                                  offer.producer + " offered 0 to " + state.name};
  }
  if (!session || offer.epoch > session->epoch) {
    return Error{ErrorCode::unknown_producer, "producer " + offer.producer + " of epoch " +
                                                  std::to_string(offer.epoch) +
                                                  " is not attached to " + state.name};
  }
  if (offer.epoch < session->epoch) {
    return fenced(state, offer.producer, offer.epoch, session->epoch);
  }
  return std::nullopt;
}

std::optional<Error> check_open(const State& state, Room room) {
  if (room.draining) return Error{ErrorCode::draining, state.name + ": the node is stopping"};
  if (room.storage_full) {
    return Error{ErrorCode::storage_full, state.name + ": no room on the disk"};
  }
  return std::nullopt;
}

// Checks for room for one more message of `bytes`. Records in flight and `pending`, what this offer
// has added, count as backlog.
std::optional<Error> check_room(const State& state, const Pending& pending, std::uint64_t bytes) {
  const Volatile& live = state.live;
  const MessageIndex& index = state.durable.index;
  const auto full = [&state](std::uint64_t limit, const char* unit) {
    return Error{ErrorCode::backlog_full,
                 state.name + " is at its limit of " + std::to_string(limit) + unit};
  };
  if (live.closed > 0) {
    return Error{
        ErrorCode::backlog_full,
        state.name + " accepts no offers while another queue of its cycle is above its high water"};
  }
  if (index.size() + live.proposed_messages + pending.messages + 1 >
      state.limits.backlog_messages) {
    return full(state.limits.backlog_messages, " messages");
  }
  if (index.bytes() + live.proposed_bytes + pending.bytes + bytes > state.limits.backlog_bytes) {
    return full(state.limits.backlog_bytes, " bytes");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Error> refusal_of_offer(const State& state, Room room, std::uint64_t bytes) {
  if (auto closed = check_open(state, room)) return closed;
  return check_room(state, {}, bytes);
}

OfferDecision decide(const State& state, const Offer& offer, Room room, TimeUs now_us) {
  OfferDecision out;
  const std::optional<Session> session = session_of(state, offer.producer);
  out.refusal = check_session(state, offer, session);
  if (out.refusal) return out;
  const std::uint64_t last = session->last;
  out.settled = session->settled;
  out.taken = last;
  if (offer.first > last + 1) {
    out.refusal = Error{ErrorCode::out_of_order,
                        state.name + " expects " + std::to_string(last + 1) + " of producer " +
                            offer.producer + ", was offered " + std::to_string(offer.first)};
    return out;
  }
  const std::uint64_t skip = last + 1 - offer.first;
  out.duplicates = std::min<std::uint64_t>(skip, offer.messages.size());
  if (skip >= offer.messages.size()) return out;

  auto record = new_record(state, now_us);
  pb::Change& change = *record->mutable_change(0);
  pb::Produced produced;
  const TimeUs remembered_since_us =
      now_us - state.live.stepping_us - state.limits.idempotency_window_us;
  Pending& pending = out.decision.pending;
  for (std::size_t i = skip; i < offer.messages.size(); ++i) {
    const pb::Envelope& message = *offer.messages[i];
    out.refusal = check_open(state, room);
    if (out.refusal) break;
    std::optional<MessageId> idempotency_key;
    if (!message.idempotency_key().empty()) {
      idempotency_key = hash_idempotency_key(message.idempotency_key());
      auto& offered = pending.idempotency_keys;
      if (state.durable.dedup.has_idempotency_key(*idempotency_key, remembered_since_us) ||
          state.live.proposed_keys.contains(*idempotency_key) ||
          std::find(offered.begin(), offered.end(), *idempotency_key) != offered.end()) {
        produced.add_duplicate(++out.taken);  // a duplicate needs no room
        continue;
      }
    }
    out.refusal = check_room(state, pending, bytes_of(message));
    if (out.refusal) break;
    ++out.taken;
    if (idempotency_key) pending.idempotency_keys.push_back(*idempotency_key);
    *change.add_append() = message;
    ++pending.messages;
    pending.bytes += bytes_of(message);
  }
  if (out.taken == last) return out;
  produced.set_producer(offer.producer);
  produced.set_epoch(offer.epoch);
  produced.set_first(last + 1);
  produced.set_count(static_cast<std::uint32_t>(out.taken - last));
  *change.add_produced() = std::move(produced);
  pending.producers.push_back({offer.producer, offer.epoch, out.taken});
  out.decision.record = std::move(record);
  return out;
}

AttachDecision decide(const State& state, const AttachRequest& request, TimeUs now_us) {
  AttachDecision out;
  out.last = request.base;
  if (const std::optional<Session> session = session_of(state, request.producer)) {
    out.last = session->last;
    if (request.epoch < session->epoch) {
      out.refusal = fenced(state, request.producer, request.epoch, session->epoch);
      return out;
    }
    if (out.last < request.base) {
      out.refusal =
          Error{ErrorCode::unknown_producer,
                state.name + " has settled " + std::to_string(out.last) + " messages of producer " +
                    request.producer + ", which has a reply for " + std::to_string(request.base)};
      return out;
    }
    // An attach in flight is logged again, so that no reply precedes a durable attach.
    if (request.epoch == session->epoch && session->is_durable) return out;
  }
  auto record = new_record(state, now_us);
  pb::Attach& attach = *record->mutable_change(0)->add_attach();
  attach.set_producer(request.producer);
  attach.set_epoch(request.epoch);
  attach.set_base(request.base);
  out.decision.pending.producers.push_back({request.producer, request.epoch, out.last});
  out.decision.record = std::move(record);
  return out;
}

}  // namespace millrace::queues
