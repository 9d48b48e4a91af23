#include "cluster/move/core/move_core.hpp"

#include <array>
#include <tuple>
#include <utility>

#include "actors/base/assert.hpp"
#include "cluster/move/core/founding_core.hpp"
#include "cluster/move/core/source_core.hpp"
#include "cluster/move/core/target_core.hpp"
#include "messages/hash.hpp"

namespace millrace::moves {
namespace {

pb::MoveStep outcome_step(const pb::MoveAttempt& attempt, pb::MoveOutcome outcome) {
  pb::MoveStep step;
  *step.mutable_attempt() = attempt;
  step.set_outcome(outcome);
  return step;
}

// Ends a move at the target: drops the staging file and reports the outcome to the source.
void conclude(Shard& shard, pb::MoveOutcome outcome, Effects& effects) {
  if (!shard.incoming) return;
  const Incoming incoming = *std::exchange(shard.incoming, {});
  if (outcome != pb::MOVE_UNKNOWN) {
    effects.emplace_back(Send{incoming.source, outcome_step(incoming.attempt, outcome)});
  }
  effects.emplace_back(DropStaging{});
}

// Returns the outcome of an incoming attempt that follows from the durable record.
pb::MoveOutcome outcome_for(const Incoming& incoming, const pb::ShardRecord& now, bool is_owner) {
  const bool is_its_epoch = incoming.attempt.epoch() == now.ownership().epoch();
  if (is_owner && is_its_epoch && incoming.committing) return pb::MOVE_INSTALLED;
  if (now.has_refused() && same(now.refused(), incoming.attempt)) return pb::MOVE_REFUSED;
  return pb::MOVE_UNKNOWN;
}

bool is_over(const Incoming& incoming, const pb::ShardRecord& now) {
  return incoming.attempt.epoch() <= now.ownership().epoch() ||
         (now.has_refused() && compare(incoming.attempt, now.refused()) <= 0);
}

bool is_owned_by(const pb::ShardRecord& record, const std::string& node) {
  return record.ownership().epoch() > 0 && record.ownership().owner() == node;
}

}  // namespace

std::strong_ordering compare(const pb::MoveAttempt& a, const pb::MoveAttempt& b) {
  return std::tuple(a.epoch(), a.number()) <=> std::tuple(b.epoch(), b.number());
}

std::uint64_t chain(std::uint64_t digest, std::uint64_t checksum) {
  std::array<char, 16> bytes{};
  for (unsigned i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(digest >> (8 * i) & 0xff);
    bytes[8 + i] = static_cast<char>(checksum >> (8 * i) & 0xff);
  }
  return hash_key({bytes.data(), bytes.size()});
}

pb::MoveChunk make_chunk(std::uint64_t index, std::uint64_t chunks, std::string data) {
  MILLRACE_ASSERT(index < chunks);
  pb::MoveChunk chunk;
  chunk.set_index(index);
  chunk.set_chunks(chunks);
  chunk.set_checksum(hash_key(data));
  chunk.set_data(std::move(data));
  return chunk;
}

bool owns(const Shard& shard) {
  return is_owned_by(shard.record, shard.self);
}

bool serves(const Shard& shard) {
  return owns(shard) && !shard.record.has_offered() && !shard.outgoing && !shard.writing;
}

Effects recover(Shard& shard, std::optional<Incoming> staged) {
  Effects effects;
  shard.incoming = std::move(staged);
  if (owns(shard) && !shard.record.has_offered()) {
    effects.emplace_back(Open{shard.record.ownership().epoch()});
  }
  if (shard.incoming && is_over(*shard.incoming, shard.record)) {
    conclude(shard, pb::MOVE_UNKNOWN, effects);
  }
  for (Effect& effect : retry_source(shard)) effects.push_back(std::move(effect));
  return effects;
}

Effects learn(Shard& shard, const pb::Ownership& ownership) {
  if (shard.writing) {
    // Keep the ownership: the peer may not report it again.
    if (is_newer(ownership, shard.heard)) shard.heard = ownership;
    return {};
  }
  if (!is_newer(ownership, shard.record.ownership())) return {};
  // Only this node's disk decides that this node is the owner. If its record is lost, so is the
  // data.
  if (ownership.owner() == shard.self) return {};
  // For a fenced source a higher epoch means that the target has installed: until the outcome is
  // known, no other node can raise the epoch.
  shard.writing = shard.record;
  *shard.writing->mutable_ownership() = ownership;
  shard.writing->clear_offered();
  return {Write{*shard.writing}};
}

Effects written(Shard& shard) {
  MILLRACE_ASSERT(shard.writing.has_value());
  const pb::ShardRecord before = std::exchange(shard.record, *std::exchange(shard.writing, {}));
  const pb::ShardRecord& now = shard.record;
  const pb::Ownership heard = std::exchange(shard.heard, {});
  if (now.has_offered()) {
    shard.outgoing.reset();
    Effects effects = retry_source(shard);
    for (Effect& effect : learn(shard, heard)) effects.push_back(std::move(effect));
    return effects;
  }
  Effects effects;
  shard.cancelling = false;
  if (owns(shard) && now.ownership().epoch() > before.ownership().epoch()) {
    effects.emplace_back(Open{now.ownership().epoch()});
  } else if (is_owned_by(before, shard.self) && !owns(shard)) {
    shard.outgoing.reset();
    if (before.has_offered()) {
      effects.emplace_back(Discard{});
    } else {
      effects.emplace_back(Fence{});
    }
  }
  if (shard.incoming && is_over(*shard.incoming, now)) {
    conclude(shard, outcome_for(*shard.incoming, now, owns(shard)), effects);
  }
  for (Effect& effect : learn(shard, heard)) effects.push_back(std::move(effect));
  return effects;
}

Effects retry(Shard& shard) {
  return retry_source(shard);
}

Effects received(Shard& shard, const std::string& from, const pb::MoveStep& step) {
  const pb::MoveAttempt& attempt = step.attempt();
  switch (step.step_case()) {
    case pb::MoveStep::kChunk:
      return on_chunk(shard, from, attempt, step.chunk());
    case pb::MoveStep::kStored:
      return on_stored(shard, attempt, step.stored());
    case pb::MoveStep::kReady:
      return on_ready(shard, attempt);
    case pb::MoveStep::kCommit:
      return on_commit(shard, from, attempt, step.commit());
    case pb::MoveStep::kCancel:
      return on_cancel(shard, from, attempt);
    case pb::MoveStep::kDeclined:
      return on_declined(shard, attempt);
    case pb::MoveStep::kOutcome:
      return on_outcome(shard, attempt, step.outcome());
    case pb::MoveStep::STEP_NOT_SET:
      return {};
  }
  return {};
}

}  // namespace millrace::moves
