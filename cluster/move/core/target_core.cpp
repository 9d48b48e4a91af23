#include "cluster/move/core/target_core.hpp"

#include <utility>

#include "messages/hash.hpp"

namespace millrace::moves {
namespace {

Send answer(const std::string& to, const pb::MoveAttempt& attempt) {
  Send send{to, {}};
  *send.step.mutable_attempt() = attempt;
  return send;
}

Effects decline(const std::string& to, const pb::MoveAttempt& attempt, ErrorCode code,
                const std::string& reason) {
  Send send = answer(to, attempt);
  send.step.mutable_declined()->set_code(static_cast<std::uint32_t>(code));
  send.step.mutable_declined()->set_reason(reason);
  return {send};
}

// Returns the outcome of an attempt according to the durable record. INSTALLED if the recorded
// epoch is at least that of the attempt: only this node's install could have raised the epoch so
// far.
pb::MoveOutcome outcome_on_disk(const pb::ShardRecord& record, const pb::MoveAttempt& attempt) {
  if (record.has_refused() && same(record.refused(), attempt)) return pb::MOVE_REFUSED;
  if (record.ownership().epoch() >= attempt.epoch()) return pb::MOVE_INSTALLED;
  if (record.has_refused() && compare(attempt, record.refused()) < 0) return pb::MOVE_REFUSED;
  return pb::MOVE_UNKNOWN;
}

std::optional<Effects> settled(const Shard& shard, const std::string& from,
                               const pb::MoveAttempt& attempt) {
  const pb::MoveOutcome outcome = outcome_on_disk(shard.record, attempt);
  if (outcome == pb::MOVE_UNKNOWN) return std::nullopt;
  Send send = answer(from, attempt);
  send.step.set_outcome(outcome);
  return Effects{send};
}

bool is_arriving(const Shard& shard, const pb::MoveAttempt& attempt) {
  return shard.incoming && same(shard.incoming->attempt, attempt);
}

Effects prepare(Incoming& incoming) {
  if (std::exchange(incoming.preparing, true)) return {};
  return {Prepare{incoming.attempt}};
}

Effects progress(Incoming& incoming) {
  Send send = answer(incoming.source, incoming.attempt);
  if (incoming.prepared) {
    send.step.set_ready(true);
    return {send};
  }
  send.step.set_stored(incoming.stored);
  Effects effects{send};
  if (incoming.stored == incoming.chunks) {
    for (Effect& effect : prepare(incoming)) effects.push_back(std::move(effect));
  }
  return effects;
}

Effects install(Shard& shard, const pb::MoveAttempt& attempt) {
  shard.writing = shard.record;
  shard.writing->mutable_ownership()->set_owner(shard.self);
  shard.writing->mutable_ownership()->set_epoch(attempt.epoch());
  return {Write{*shard.writing}};
}

Effects refuse(Shard& shard, const pb::MoveAttempt& attempt) {
  shard.writing = shard.record;
  *shard.writing->mutable_refused() = attempt;
  return {Write{*shard.writing}};
}

bool holds(const Incoming& incoming, const pb::Seal& seal) {
  return incoming.stored == incoming.chunks && incoming.chunks == seal.chunks() &&
         incoming.digest == seal.digest();
}

bool is_valid(const pb::MoveChunk& chunk) {
  return chunk.index() < chunk.chunks() && hash_key(chunk.data()) == chunk.checksum();
}

// Declines an attempt because this node owns the shard.
Effects decline_as_owner(const std::string& to, const pb::MoveAttempt& attempt) {
  return decline(to, attempt, ErrorCode::invalid_argument, "the target serves the shard itself");
}

}  // namespace

Effects on_chunk(Shard& shard, const std::string& from, const pb::MoveAttempt& attempt,
                 const pb::MoveChunk& chunk) {
  if (auto known = settled(shard, from, attempt)) return *known;
  if (owns(shard)) return decline_as_owner(from, attempt);
  if (shard.writing || !is_valid(chunk)) return {};  // the source sends it again
  const bool anew = !shard.incoming || compare(shard.incoming->attempt, attempt) < 0;
  if (!anew && !is_arriving(shard, attempt)) {
    return decline(from, attempt, ErrorCode::fenced, "a later attempt has begun");
  }
  if (anew) {
    if (chunk.index() != 0) {
      Send nothing_yet = answer(from, attempt);
      nothing_yet.step.set_stored(0);
      return {nothing_yet};
    }
    shard.incoming = Incoming{.attempt = attempt, .chunks = chunk.chunks()};
  }
  Incoming& incoming = *shard.incoming;
  incoming.source = from;
  if (chunk.index() != incoming.taken || chunk.chunks() != incoming.chunks) {
    return progress(incoming);
  }
  // A correct source sends no more; this bounds the chunks that wait for the disk.
  if (incoming.taken - incoming.stored >= chunks_in_flight_max) return {};
  ++incoming.taken;
  incoming.digest = chain(incoming.digest, chunk.checksum());
  return {Stage{attempt, chunk, anew}};
}

Effects chunk_stored(Shard& shard, const pb::MoveAttempt& attempt, std::uint64_t stored) {
  if (!is_arriving(shard, attempt) || stored <= shard.incoming->stored) return {};
  shard.incoming->stored = stored;
  return progress(*shard.incoming);
}

Effects prepared(Shard& shard, const pb::MoveAttempt& attempt,
                 const std::optional<Error>& failure) {
  if (!is_arriving(shard, attempt) || !shard.incoming->preparing) return {};
  Incoming& incoming = *shard.incoming;
  incoming.preparing = false;
  incoming.prepared = !failure;
  if (shard.writing) return {};
  if (incoming.committing) return failure ? refuse(shard, attempt) : install(shard, attempt);
  if (failure) return decline(incoming.source, attempt, failure->code, failure->message);
  return progress(incoming);
}

Effects on_commit(Shard& shard, const std::string& from, const pb::MoveAttempt& attempt,
                  const pb::Seal& seal) {
  if (auto known = settled(shard, from, attempt)) return *known;
  if (owns(shard)) return decline_as_owner(from, attempt);
  if (shard.writing) return {};
  if (!is_arriving(shard, attempt)) return refuse(shard, attempt);
  Incoming& incoming = *shard.incoming;
  incoming.source = from;
  if (!holds(incoming, seal)) return refuse(shard, attempt);
  incoming.committing = true;
  return incoming.prepared ? install(shard, attempt) : prepare(incoming);
}

Effects on_cancel(Shard& shard, const std::string& from, const pb::MoveAttempt& attempt) {
  if (auto known = settled(shard, from, attempt)) return *known;
  if (owns(shard)) return decline_as_owner(from, attempt);
  if (shard.writing) return {};
  if (is_arriving(shard, attempt)) shard.incoming->source = from;
  return refuse(shard, attempt);
}

}  // namespace millrace::moves
