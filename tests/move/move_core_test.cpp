// Promise: each side of a move performs the steps of the protocol in order and refuses invalid
// ones. Checked by traces of a MoveWorld, in which only the faults that a test names occur.
#include <gtest/gtest.h>

#include "tests/move/move_world.hpp"

namespace millrace::moves {
namespace {

using Kind = Step::Kind;

pb::MoveAttempt attempt_of(std::uint64_t epoch, std::uint64_t number) {
  pb::MoveAttempt attempt;
  attempt.set_epoch(epoch);
  attempt.set_number(number);
  return attempt;
}

Shard owner(std::uint64_t epoch) {
  Shard shard{.self = "a", .record = {}};
  shard.record.mutable_ownership()->set_owner("a");
  shard.record.mutable_ownership()->set_epoch(epoch);
  return shard;
}

Shard stranger() {
  return {.self = "b", .record = {}};
}

pb::Seal seal_of_two() {
  pb::Seal seal;
  seal.set_chunks(2);
  seal.set_digest(
      chain(chain(0, make_chunk(0, 2, "x").checksum()), make_chunk(1, 2, "y").checksum()));
  return seal;
}

template <class Wanted>
const Wanted* find(const Effects& effects) {
  for (const Effect& effect : effects) {
    if (const auto* wanted = std::get_if<Wanted>(&effect)) return wanted;
  }
  return nullptr;
}

// Returns a fenced source.
Shard fenced() {
  Shard shard = owner(1);
  EXPECT_TRUE(start_move(shard, "b", 7));
  (void)quiesced(shard, attempt_of(2, 7), seal_of_two());
  (void)on_ready(shard, attempt_of(2, 7));
  (void)written(shard);
  return shard;
}

// Returns a target that is ready, with both chunks durable.
Shard ready() {
  Shard shard = stranger();
  const pb::MoveAttempt attempt = attempt_of(2, 7);
  (void)on_chunk(shard, "a", attempt, make_chunk(0, 2, "x"));
  (void)on_chunk(shard, "a", attempt, make_chunk(1, 2, "y"));
  (void)chunk_stored(shard, attempt, 2);
  (void)prepared(shard, attempt, std::nullopt);
  return shard;
}

TEST(MoveService, MovesAShardAndItsConfirmedOffers) {
  MoveWorld world({"a", "b"}, {.moves = 1, .cancels = 0, .offers = 3, .failures = 0, .losses = 0});
  for (int i = 0; i < 3; ++i) world.take({Kind::offer, "a"});
  world.take({Kind::move, "a", "b"});
  EXPECT_EQ(world.heal(), std::set<std::string>{"b"});
  EXPECT_EQ(world.broken(), "");
  EXPECT_EQ(world.node("b").log, 3);
  EXPECT_FALSE(world.node("a").has_data);
  for (const char* name : {"a", "b"}) {
    EXPECT_EQ(world.node(name).shard.record.ownership().owner(), "b");
    EXPECT_EQ(world.node(name).shard.record.ownership().epoch(), 2u);
  }
}

TEST(MoveSource, RefusesWithDrainingWhileItMovesAndNotOwnerAfterwards) {
  Shard shard = owner(1);
  EXPECT_TRUE(serves(shard));
  ASSERT_TRUE(start_move(shard, "b", 7));
  EXPECT_FALSE(serves(shard));
  EXPECT_EQ(start_move(shard, "b", 8).error().code, ErrorCode::draining);
  shard = fenced();
  EXPECT_FALSE(serves(shard));
  EXPECT_TRUE(owns(shard));
  EXPECT_EQ(start_move(shard, "b", 8).error().code, ErrorCode::draining);
  ASSERT_TRUE(find<Write>(on_outcome(shard, attempt_of(2, 7), pb::MOVE_INSTALLED)));
  EXPECT_TRUE(find<Discard>(written(shard)));
  EXPECT_FALSE(owns(shard));
  EXPECT_EQ(start_move(shard, "b", 8).error().code, ErrorCode::not_owner);
}

TEST(MoveSource, RefusesAMoveToItselfOrToNoNode) {
  Shard shard = owner(1);
  EXPECT_EQ(start_move(shard, "a", 7).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(start_move(shard, "", 7).error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(serves(shard));
}

TEST(MoveSource, NumbersItsAttemptsUpwardsWhenTheClockWasSetBack) {
  Shard shard = owner(1);
  EXPECT_TRUE(start_move(shard, "b", 1'000));
  (void)on_declined(shard, attempt_of(2, 1'000));
  ASSERT_TRUE(serves(shard));
  EXPECT_TRUE(start_move(shard, "b", 10));
  ASSERT_TRUE(shard.outgoing);
  EXPECT_EQ(shard.outgoing->attempt.number(), 1'001u);
}

TEST(MoveSource, NumbersItsAttemptsUpwardsOverRestartsWithTheClockSetBack) {
  constexpr std::uint64_t year_2026_us = 1'780'000'000'000'000;
  Shard target = stranger();
  for (std::uint64_t start = 0; start < 3; ++start) {
    // After the first start the clock is in 1970: the incarnation grows by 1.
    const std::uint64_t first = first_attempt(year_2026_us + start);
    EXPECT_GT(first, year_2026_us + 365ull * 86'400 * 1'000'000) << "numbers of earlier versions";
    Shard shard = owner(1);
    for (int tries = 0; tries < 1'023; ++tries) {
      ASSERT_TRUE(start_move(shard, "b", first));
      const pb::MoveAttempt attempt = shard.outgoing->attempt;
      if (tries == 0 || tries == 1'022) {
        const Effects taken = on_chunk(target, "a", attempt, make_chunk(0, 1, "x"));
        ASSERT_TRUE(find<Stage>(taken)) << "start " << start << ", try " << tries;
        ASSERT_TRUE(find<Write>(on_cancel(target, "a", attempt)));
        (void)written(target);
        ASSERT_TRUE(same(target.record.refused(), attempt));
      }
      (void)on_declined(shard, attempt);
      ASSERT_TRUE(serves(shard));
    }
  }
}

TEST(MoveSource, KeepsWithinChunksInFlight) {
  Shard shard = owner(1);
  ASSERT_TRUE(start_move(shard, "b", 7));
  pb::Seal seal;
  seal.set_chunks(100);
  const Effects first = quiesced(shard, attempt_of(2, 7), seal);
  ASSERT_TRUE(find<SendChunks>(first));
  EXPECT_EQ(find<SendChunks>(first)->end, chunks_in_flight_max);
  const Effects next = on_stored(shard, attempt_of(2, 7), 3);
  ASSERT_TRUE(find<SendChunks>(next));
  EXPECT_EQ(find<SendChunks>(next)->first, chunks_in_flight_max);
  EXPECT_EQ(find<SendChunks>(next)->end, chunks_in_flight_max + 3);
  EXPECT_TRUE(on_stored(shard, attempt_of(2, 7), 3).empty()) << "a repeated answer is no news";
}

TEST(MoveSource, SendsCommitOnlyOnceItsFenceIsDurable) {
  Shard shard = owner(1);
  ASSERT_TRUE(start_move(shard, "b", 7));
  (void)quiesced(shard, attempt_of(2, 7), seal_of_two());
  const Effects effects = on_ready(shard, attempt_of(2, 7));
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_TRUE(find<Write>(effects)->record.has_offered());
  EXPECT_TRUE(retry(shard).empty());
  const Effects durable = written(shard);
  ASSERT_TRUE(find<Send>(durable));
  EXPECT_TRUE(find<Send>(durable)->step.has_commit());
}

TEST(MoveSource, RestartedFencedAsksTheTargetInsteadOfServing) {
  const Shard before = fenced();
  Shard shard{.self = "a", .record = before.record};
  const Effects effects = recover(shard, std::nullopt);
  EXPECT_FALSE(serves(shard));
  EXPECT_FALSE(find<Open>(effects));
  ASSERT_TRUE(find<Send>(effects));
  EXPECT_TRUE(find<Send>(effects)->step.has_commit());
}

TEST(MoveSource, ServesInAHigherEpochAfterARefusal) {
  Shard shard = fenced();
  EXPECT_TRUE(on_declined(shard, attempt_of(2, 7)).empty()) << "no word of what is on disk";
  (void)on_outcome(shard, attempt_of(2, 7), pb::MOVE_REFUSED);
  EXPECT_FALSE(serves(shard)) << "not before that is durable";
  const Effects effects = written(shard);
  ASSERT_TRUE(find<Open>(effects));
  EXPECT_EQ(find<Open>(effects)->epoch, 3u);
  EXPECT_TRUE(serves(shard));
}

TEST(MoveSource, StopsServingWhenAnotherOwnerHasAHigherEpoch) {
  Shard shard = owner(1);
  pb::Ownership other;
  other.set_owner("c");
  other.set_epoch(5);
  (void)learn(shard, other);
  EXPECT_FALSE(serves(shard));
  const Effects effects = written(shard);
  EXPECT_TRUE(find<Fence>(effects));
  EXPECT_FALSE(find<Discard>(effects)) << "a person must see what it has";
}

TEST(MoveSource, KeepsAnOwnershipReceivedDuringAWrite) {
  Shard shard = stranger();
  const auto owned_by = [](const char* node, std::uint64_t epoch) {
    pb::Ownership ownership;
    ownership.set_owner(node);
    ownership.set_epoch(epoch);
    return ownership;
  };
  ASSERT_TRUE(find<Write>(learn(shard, owned_by("c", 2))));
  EXPECT_TRUE(learn(shard, owned_by("e", 4)).empty());
  EXPECT_TRUE(learn(shard, owned_by("d", 3)).empty());
  const Effects effects = written(shard);
  EXPECT_EQ(shard.record.ownership().owner(), "c");
  ASSERT_TRUE(find<Write>(effects));
  EXPECT_TRUE(written(shard).empty());
  EXPECT_EQ(shard.record.ownership().owner(), "e");
}

TEST(MoveTarget, OwnsTheShardOnlyOnceItsRecordIsDurable) {
  Shard shard = ready();
  EXPECT_FALSE(owns(shard));
  const Effects effects = on_commit(shard, "a", attempt_of(2, 7), seal_of_two());
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_TRUE(find<Write>(effects));
  EXPECT_FALSE(owns(shard));
  const Effects durable = written(shard);
  EXPECT_TRUE(serves(shard));
  ASSERT_TRUE(find<Open>(durable));
  EXPECT_EQ(find<Open>(durable)->epoch, 2u);
  ASSERT_TRUE(find<Send>(durable));
  EXPECT_EQ(find<Send>(durable)->step.outcome(), pb::MOVE_INSTALLED);
  EXPECT_TRUE(find<DropStaging>(durable));
}

TEST(MoveTarget, StoresNoDamagedOrDuplicateChunk) {
  Shard shard = stranger();
  const pb::MoveAttempt attempt = attempt_of(2, 7);
  pb::MoveChunk damaged = make_chunk(0, 2, "x");
  damaged.set_data("z");
  EXPECT_TRUE(on_chunk(shard, "a", attempt, damaged).empty());
  EXPECT_TRUE(find<Stage>(on_chunk(shard, "a", attempt, make_chunk(0, 2, "x"))));
  EXPECT_FALSE(find<Stage>(on_chunk(shard, "a", attempt, make_chunk(0, 2, "x"))));
}

TEST(MoveTarget, DeclinesAShardThatItOwns) {
  Shard shard = owner(1);
  for (const Effects& effects : {on_chunk(shard, "b", attempt_of(2, 7), make_chunk(0, 2, "x")),
                                 on_commit(shard, "b", attempt_of(2, 7), seal_of_two()),
                                 on_cancel(shard, "b", attempt_of(2, 7))}) {
    ASSERT_TRUE(find<Send>(effects));
    EXPECT_TRUE(find<Send>(effects)->step.has_declined());
  }
  EXPECT_TRUE(serves(shard));
}

TEST(MoveTarget, RefusesACommitOfAnIncompleteShard) {
  for (const bool other_digest : {false, true}) {
    Shard shard = other_digest ? ready() : stranger();
    pb::Seal seal = seal_of_two();
    if (other_digest) seal.set_digest(1);
    (void)on_commit(shard, "a", attempt_of(2, 7), seal);
    (void)written(shard);
    EXPECT_FALSE(owns(shard));
    const Effects again = on_commit(shard, "a", attempt_of(2, 7), seal_of_two());
    ASSERT_TRUE(find<Send>(again));
    EXPECT_EQ(find<Send>(again)->step.outcome(), pb::MOVE_REFUSED);
  }
}

TEST(MoveTarget, ContinuesWithItsDurableChunksAfterARestart) {
  const Shard before = ready();
  Incoming staged = *before.incoming;
  staged.preparing = staged.prepared = false;
  Shard shard = stranger();
  (void)recover(shard, staged);
  EXPECT_TRUE(find<Prepare>(on_commit(shard, "a", attempt_of(2, 7), seal_of_two())));
  EXPECT_TRUE(find<Write>(prepared(shard, attempt_of(2, 7), std::nullopt)));
  (void)written(shard);
  EXPECT_TRUE(serves(shard));
}

TEST(MoveTarget, ReplacesAnEarlierAttemptByALaterOneOnly) {
  Shard shard = stranger();
  (void)on_chunk(shard, "a", attempt_of(2, 7), make_chunk(0, 2, "x"));
  const Effects later = on_chunk(shard, "a", attempt_of(2, 8), make_chunk(0, 2, "x"));
  ASSERT_TRUE(find<Stage>(later));
  EXPECT_TRUE(find<Stage>(later)->anew);
  const Effects earlier = on_chunk(shard, "a", attempt_of(2, 7), make_chunk(1, 2, "y"));
  ASSERT_TRUE(find<Send>(earlier));
  EXPECT_TRUE(find<Send>(earlier)->step.has_declined());
}

}  // namespace
}  // namespace millrace::moves
