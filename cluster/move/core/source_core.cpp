#include "cluster/move/core/source_core.hpp"

#include <algorithm>
#include <utility>

namespace millrace::moves {
namespace {

bool is_leaving(const Shard& shard, const pb::MoveAttempt& attempt) {
  return shard.outgoing && same(shard.outgoing->attempt, attempt);
}

bool is_in_doubt(const Shard& shard, const pb::MoveAttempt& attempt) {
  return shard.record.has_offered() && same(shard.record.offered().attempt(), attempt) &&
         !shard.writing;
}

Effects send_window(Outgoing& move) {
  move.sent = std::max(move.sent, move.stored);
  const std::uint64_t end = std::min(move.stored + chunks_in_flight_max, move.seal.chunks());
  if (move.sent >= end) return {};
  const std::uint64_t first = std::exchange(move.sent, end);
  return {SendChunks{move.target, move.attempt, first, end}};
}

// Ends an attempt that is not fenced: this node serves again. The cancel lets the target drop its
// staging file; if the cancel is lost, a later attempt replaces the file.
Effects serve_on(Shard& shard) {
  Send tell{shard.outgoing->target, {}};
  *tell.step.mutable_attempt() = shard.outgoing->attempt;
  tell.step.set_cancel(true);
  shard.outgoing.reset();
  return {tell, Open{shard.record.ownership().epoch()}};
}

Effects ask_for_outcome(const Shard& shard) {
  const auto& offered = shard.record.offered();
  Send ask{offered.target(), {}};
  *ask.step.mutable_attempt() = offered.attempt();
  if (shard.cancelling) {
    ask.step.set_cancel(true);
  } else {
    *ask.step.mutable_commit() = offered.seal();
  }
  return {ask};
}

}  // namespace

std::uint64_t first_attempt(std::uint64_t incarnation) {
  constexpr unsigned count_bits = 10;
  return (incarnation << count_bits) + 1;
}

Result<Effects> start_move(Shard& shard, const std::string& target, std::uint64_t attempt) {
  const std::string name = "shard " + std::to_string(shard.record.shard());
  if (!owns(shard)) return Error{ErrorCode::not_owner, name + " is not served here"};
  if (!serves(shard)) return Error{ErrorCode::draining, name + " is being moved already"};
  if (target.empty() || target == shard.self) {
    return Error{ErrorCode::invalid_argument,
                 name + ": expected the name of another node, got \"" + target + "\""};
  }
  // The target takes a lower number for an older attempt.
  shard.last_attempt = std::max(attempt, shard.last_attempt + 1);
  Outgoing& move = shard.outgoing.emplace();
  move.attempt.set_shard(shard.record.shard());
  move.attempt.set_role(shard.record.role());
  move.attempt.set_epoch(shard.record.ownership().epoch() + 1);
  move.attempt.set_number(shard.last_attempt);
  move.target = target;
  return Effects{Quiesce{move.attempt}};
}

Effects quiesced(Shard& shard, const pb::MoveAttempt& attempt, const pb::Seal& seal) {
  if (!is_leaving(shard, attempt) || shard.outgoing->seal.chunks() > 0) return {};
  shard.outgoing->seal = seal;
  return send_window(*shard.outgoing);
}

Effects cancel_move(Shard& shard) {
  if (shard.record.has_offered() || (shard.outgoing && shard.writing)) {
    shard.cancelling = true;  // the fence is or may be durable: only the target knows the outcome
    return retry_source(shard);
  }
  if (!shard.outgoing) return {};
  return serve_on(shard);
}

Effects on_stored(Shard& shard, const pb::MoveAttempt& attempt, std::uint64_t stored) {
  if (!is_leaving(shard, attempt)) return {};
  Outgoing& move = *shard.outgoing;
  if (stored > move.seal.chunks()) return {};
  move.reported = stored;
  if (stored <= move.stored) return {};
  move.stored = stored;
  return send_window(move);
}

Effects on_ready(Shard& shard, const pb::MoveAttempt& attempt) {
  if (!is_leaving(shard, attempt) || shard.outgoing->seal.chunks() == 0 || shard.writing) {
    return {};
  }
  shard.writing = shard.record;
  auto& offered = *shard.writing->mutable_offered();
  *offered.mutable_attempt() = attempt;
  offered.set_target(shard.outgoing->target);
  *offered.mutable_seal() = shard.outgoing->seal;
  return {Write{*shard.writing}};
}

Effects on_declined(Shard& shard, const pb::MoveAttempt& attempt) {
  // Once the source is fenced, only the durable record of the target decides.
  if (!is_leaving(shard, attempt) || shard.writing) return {};
  return serve_on(shard);
}

Effects on_outcome(Shard& shard, const pb::MoveAttempt& attempt, pb::MoveOutcome outcome) {
  if (outcome == pb::MOVE_REFUSED && is_leaving(shard, attempt)) {
    return on_declined(shard, attempt);
  }
  if (!is_in_doubt(shard, attempt)) return {};
  pb::ShardRecord next = shard.record;
  next.clear_offered();
  if (outcome == pb::MOVE_INSTALLED) {
    next.mutable_ownership()->set_owner(shard.record.offered().target());
    next.mutable_ownership()->set_epoch(attempt.epoch());
  } else if (outcome == pb::MOVE_REFUSED) {
    next.mutable_ownership()->set_epoch(
        attempt.epoch() +
        1);  // above the offered epoch, so that its frames are recognized as stale
  } else {
    return {};
  }
  shard.writing = next;
  return {Write{next}};
}

Effects retry_source(Shard& shard) {
  if (shard.writing) return {};
  if (shard.record.has_offered()) return ask_for_outcome(shard);
  if (!shard.outgoing || shard.outgoing->seal.chunks() == 0) return {};
  Outgoing& move = *shard.outgoing;
  move.stored = move.reported;
  // If all chunks are stored, send the last chunk again, so that the target answers `ready`.
  const std::uint64_t last = move.seal.chunks() - 1;
  if (move.stored > last) return {SendChunks{move.target, move.attempt, last, last + 1}};
  move.sent = move.stored;
  return send_window(move);
}

}  // namespace millrace::moves
