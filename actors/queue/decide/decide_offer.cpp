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
  std::uint64_t settled = 0;     ///< last number that is durable
  std::uint64_t generation = 0;  ///< Producer::generation
  bool is_durable = false;       ///< the attach of this epoch and generation is durable
};

std::optional<Session> session_of(const State& state, const std::string& producer) {
  const Producer* durable = state.durable.dedup.find(producer);
  const auto proposed = state.live.proposed.find(producer);
  const std::uint64_t settled = durable == nullptr ? 0 : durable->last;
  if (proposed != state.live.proposed.end()) {
    const ProposedProducer& newest = proposed->second;
    return Session{newest.epoch, newest.last, settled, newest.generation,
                   durable != nullptr && durable->epoch == newest.epoch &&
                       durable->generation == newest.generation && !newest.is_rebased};
  }
  if (durable == nullptr) return std::nullopt;
  return Session{durable->epoch, durable->last, settled, durable->generation, true};
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
  if (room.log_unreachable) {
    return Error{ErrorCode::log_unreachable, state.name + ": the log cannot be reached"};
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

const DedupTable::IdempotencyKey* find_key(const State& state, std::string_view idempotency_key,
                                           std::string_view key, TimeUs since_us) {
  const DedupTable& dedup = state.durable.dedup;
  const auto* used =
      dedup.find_idempotency_key(hash_idempotency_key(idempotency_key, key), since_us);
  if (used != nullptr) return used;
  // Older versions kept a key without its scope and payload.
  used = dedup.find_idempotency_key(hash_idempotency_key(idempotency_key), since_us);
  return used != nullptr && used->payload == 0 ? used : nullptr;
}

// Idempotency keys that were used before this time are not remembered any more.
TimeUs remembered_since_us(const State& state, TimeUs now_us) {
  return now_us - state.live.stepping_us - state.limits.idempotency_window_us;
}

}  // namespace

KeyUse note_key_use(State& state, const KeyedOffer& offer, TimeUs now_us) {
  const auto* used =
      find_key(state, offer.idempotency_key, offer.key, remembered_since_us(state, now_us));
  if (used == nullptr) return KeyUse::none;
  if (used->payload != 0 && used->payload != offer.payload_hash) return KeyUse::other;
  ++state.live.duplicates;
  return KeyUse::duplicate;
}

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
  const TimeUs since_us = remembered_since_us(state, now_us);
  Pending& pending = out.decision.pending;
  for (std::size_t i = skip; i < offer.messages.size(); ++i) {
    const pb::Envelope& message = *offer.messages[i];
    out.refusal = check_open(state, room);
    if (out.refusal) break;
    std::optional<MessageId> idempotency_key;
    if (!message.idempotency_key().empty()) {
      idempotency_key = hash_idempotency_key(message.idempotency_key(), message.key());
      auto& offered = pending.idempotency_keys;
      if (find_key(state, message.idempotency_key(), message.key(), since_us) != nullptr ||
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
  if (!pending.idempotency_keys.empty() && !state.is_outbox) {
    change.set_idempotency_window_us(state.limits.idempotency_window_us);
    change.set_idempotency_keys_max(state.limits.idempotency_keys);
  }
  pending.producers.push_back({offer.producer, offer.epoch, out.taken, session->generation});
  out.decision.record = std::move(record);
  return out;
}

namespace {

/// What this queue and an outbox remember of each other.
struct Memory {
  std::optional<Error> conflict{};
  bool is_queue_outdated = false;  ///< otherwise the outbox is
  bool is_loss_accepted = false;  ///< of a queue that began anew, and has not met this outbox since
  std::uint64_t common = 0;       ///< numbers up to this are the same messages for both
};

// The numbers of an outbox are bound to the generations of its node. A copy of the node's data directory
// that is put back lacks the generations since then, or has given out fewer numbers in the last one.
Memory compare(const State& state, const AttachRequest& request,
               const std::optional<Session>& session) {
  const std::uint64_t last = session ? session->last : 0;
  // An outbox that began before its generations were recorded may have been forgotten here.
  const std::uint64_t began =
      request.generations.empty() ? request.base : request.generations.front().after;
  if (session ? last < request.base : began < request.base) {
    return {Error{ErrorCode::unknown_producer,
                  state.name + " has settled " + std::to_string(last) + " messages of outbox " +
                      request.producer + ", which has a reply for " + std::to_string(request.base) +
                      ": the data directory of this queue is older than that"},
            true, !session && state.declaration && state.declaration->began_anew(), request.base};
  }
  if (!session || session->generation == 0 || request.generations.empty()) return {};
  const auto generation =
      std::find_if(request.generations.begin(), request.generations.end(),
                   [&](const OutboxGeneration& each) { return each.id == session->generation; });
  const std::string begin = state.name + " has " + std::to_string(last) + " messages of outbox " +
                            request.producer + ", ";
  if (generation == request.generations.end()) {
    return {Error{ErrorCode::outdated,
                  begin + "the last ones from a generation that its data directory does not know"},
            false, false, request.base};
  }
  const auto next = generation + 1;
  if (next == request.generations.end() || last <= next->after) return {};
  return {Error{ErrorCode::outdated,
                begin + "of which its data directory has only " + std::to_string(next->after)},
          false, false, std::max(request.base, next->after)};
}

}  // namespace

AttachDecision decide(const State& state, const AttachRequest& request, TimeUs now_us) {
  AttachDecision out;
  const std::optional<Session> session = session_of(state, request.producer);
  out.last = session ? session->last : request.base;
  if (session && request.epoch < session->epoch) {
    out.refusal = fenced(state, request.producer, request.epoch, session->epoch);
    return out;
  }
  const std::uint64_t generation = request.generations.empty() ? 0 : request.generations.back().id;
  const Memory memory = compare(state, request, session);
  const bool rebases =
      memory.conflict &&
      (memory.is_loss_accepted ||
       (memory.is_queue_outdated ? state.limits.accepts_loss : request.accepts_loss));
  if (memory.conflict && !rebases) {
    out.refusal = memory.conflict;
    out.is_outdated = memory.is_queue_outdated;
    return out;
  }
  if (rebases) out.last = memory.common;
  // An attach in flight is logged again, so that no reply precedes a durable attach.
  const bool is_known =
      session && request.epoch == session->epoch && generation == session->generation;
  if (is_known && session->is_durable && !rebases) return out;
  auto record = new_record(state, now_us);
  pb::Attach& attach = *record->mutable_change(0)->add_attach();
  attach.set_producer(request.producer);
  attach.set_epoch(request.epoch);
  attach.set_base(rebases ? memory.common : request.base);
  attach.set_generation(generation);
  attach.set_rebase(rebases);
  out.decision.pending.producers.push_back(
      {request.producer, request.epoch, out.last, generation, rebases});
  out.decision.record = std::move(record);
  return out;
}

}  // namespace millrace::queues
