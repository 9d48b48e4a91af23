// Promise: the records of a topic have dense offsets, a batch is appended once however often it is offered, and a
// record goes only when no group needs it; all of it also after a crash, from a checkpoint, and after a move.
#include <set>

#include <gtest/gtest.h>

#include "actors/queue/decide/apply.hpp"
#include "actors/queue/decide/decide_topic.hpp"
#include "actors/queue/move/target.hpp"
#include "actors/queue/snapshot/topic_snapshot.hpp"
#include "messages/bounds.hpp"
#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

constexpr DurationUs day_us = 86'400'000'000;

struct Topics : ::testing::Test {
  QueueWorld world{{{1, {.name = "topics", .keeps_topics = true}}}};

  State& state() { return world.queue(1); }
  Topic& topic(const std::string& name = "t") { return state().durable.topics.at(name); }

  std::optional<Error> send(TopicDecision decision) {
    world.send(1, std::move(decision.decision));
    world.commit();
    return decision.refusal;
  }
  void make(const std::string& name = "t", DurationUs retention_us = 0) {
    pb::TopicOptions options;
    options.set_retention_us(retention_us);
    EXPECT_FALSE(send(decide_topic(state(), name, options, false, {}, world.now())));
  }
  TopicOffer offer(std::uint32_t records, BatchNumber number = {}, std::size_t bytes = 10) {
    TopicOffer made;
    made.topic = "t";
    made.batch.set_payload(std::string(bytes, 'x'));
    made.batch.set_records(records);
    made.timestamp_ms = world.now() / 1'000;
    made.number = number;
    return made;
  }
  TopicOfferDecision decide_only(TopicOffer offered) {
    return decide(state(), std::move(offered), {}, world.now());
  }
  /// Decides and proposes; commits unless told not to.
  TopicOfferDecision append(std::uint32_t records, BatchNumber number = {}, bool commits = true) {
    TopicOfferDecision decided = decide_only(offer(records, number));
    TopicOfferDecision out;
    out.duplicate_at = decided.duplicate_at;
    out.is_in_flight = decided.is_in_flight;
    out.refusal = decided.refusal;
    world.send(1, std::move(decided.decision));
    if (commits) world.commit();
    return out;
  }
  std::optional<Error> join(const std::string& group, bool permanent = false) {
    return send(decide_subscription(state(), "t", group, permanent, {}, world.now()));
  }
  std::optional<Error> commit(const std::string& group, std::int64_t offset) {
    return send(decide_commit(state(), "t", group, offset, "m", {}, world.now()));
  }
  /// Lets go until nothing is left to go; returns the number of records of the log that took.
  int trim() {
    int records = 0;
    for (;; ++records) {
      Decision decision = decide_trim(state(), world.now());
      if (!decision.record) return records;
      world.send(1, std::move(decision));
      world.commit();
    }
  }
};

ErrorCode code_of(const std::optional<Error>& refusal) {
  return refusal ? refusal->code : ErrorCode{};
}

TEST_F(Topics, GiveDenseOffsetsToBatchesAndFindThem) {
  make();
  append(3);
  append(1);
  append(5);
  ASSERT_EQ(topic().batches.size(), 3u);
  EXPECT_EQ(topic().batches[0].base_offset, 0);
  EXPECT_EQ(topic().batches[1].base_offset, 3);
  EXPECT_EQ(topic().batches[2].base_offset, 4);
  EXPECT_EQ(topic().next, 9);
  EXPECT_EQ(topic().batch_at(0)->base_offset, 0);
  EXPECT_EQ(topic().batch_at(2)->base_offset, 0);
  EXPECT_EQ(topic().batch_at(3)->base_offset, 3);
  EXPECT_EQ(topic().batch_at(8)->base_offset, 4);
  EXPECT_EQ(topic().batch_at(9), topic().batches.end());
}

TEST_F(Topics, GiveEachBatchAnIdOfItsOwn) {
  make();
  std::set<std::uint64_t> ids;
  for (int i = 0; i < 3; ++i) append(1, {}, false);
  world.commit(2);
  append(1, {}, false);
  world.commit();
  append(1);
  for (const TopicBatch& batch : topic().batches)
    ids.insert((*state().durable.index.body(batch.sequence))->id_low());
  EXPECT_EQ(ids.size(), 5u);
}

TEST_F(Topics, AreRefusedWhereTheyAreNot) {
  EXPECT_EQ(code_of(append(1).refusal), ErrorCode::not_found);
  EXPECT_EQ(code_of(join("g")), ErrorCode::not_found);
  EXPECT_EQ(code_of(commit("g", 0)), ErrorCode::not_found);
  EXPECT_EQ(code_of(send(decide_topic_removal(state(), "t", world.now()))), ErrorCode::not_found);
  EXPECT_EQ(code_of(send(decide_topic(state(), std::string(250, 'x'), {}, false, {}, world.now()))),
            ErrorCode::invalid_argument);
  Work other;
  EXPECT_EQ(code_of(decide_topic(other.state(), "t", {}, false, {}, 1).refusal),
            ErrorCode::invalid_argument);
  make();
  state().live.quiesced = true;
  EXPECT_EQ(code_of(append(1).refusal), ErrorCode::not_owner);
  EXPECT_EQ(code_of(join("g")), ErrorCode::not_owner);
  state().live.quiesced = false;
}

TEST_F(Topics, RefuseWhatThereIsNoRoomFor) {
  Limits limits;
  limits.backlog_bytes = 25;
  world.set_limits(1, limits);
  make();
  EXPECT_FALSE(append(1).refusal);
  append(1, {}, false);
  EXPECT_EQ(code_of(append(1, {}, false).refusal), ErrorCode::backlog_full) << "one is in flight";
  world.commit();
  EXPECT_FALSE(join("g")) << "small records need no room in the backlog";
  EXPECT_EQ(code_of(decide(state(), offer(1), {.storage_full = true}, 1).refusal),
            ErrorCode::storage_full);
  EXPECT_EQ(code_of(decide(state(), offer(1), {.draining = true}, 1).refusal), ErrorCode::draining);
}

// --- Idempotent producers

TEST_F(Topics, TakeABatchOnceHoweverOftenItIsOffered) {
  make();
  append(3, {7, 0, 0});
  append(2, {7, 0, 3});
  EXPECT_EQ(append(3, {7, 0, 0}).duplicate_at, 0);
  EXPECT_EQ(append(2, {7, 0, 3}).duplicate_at, 3);
  EXPECT_EQ(topic().next, 5);
  EXPECT_EQ(code_of(append(1, {7, 0, 6}).refusal), ErrorCode::out_of_order);
  EXPECT_EQ(code_of(append(1, {8, 0, 1}).refusal), ErrorCode::unknown_producer);
  // Another number of records under the same number is no repetition.
  EXPECT_EQ(code_of(append(1, {7, 0, 3}).refusal), ErrorCode::out_of_order);
  // Nor is one that goes on behind what is known: it would be confirmed in part.
  EXPECT_EQ(code_of(append(5, {7, 0, 3}).refusal), ErrorCode::out_of_order);
  EXPECT_EQ(code_of(append(9, {7, 0, 1}).refusal), ErrorCode::out_of_order);
  EXPECT_EQ(topic().next, 5);
}

TEST_F(Topics, KnowBatchesInFlight) {
  make();
  append(3, {7, 0, 0}, false);
  EXPECT_TRUE(append(3, {7, 0, 0}, false).is_in_flight);
  EXPECT_FALSE(append(2, {7, 0, 3}, false).refusal);
  EXPECT_EQ(code_of(append(2, {7, 0, 9}, false).refusal), ErrorCode::out_of_order);
  world.commit();
  EXPECT_EQ(topic().next, 5);
  EXPECT_EQ(append(3, {7, 0, 0}).duplicate_at, 0);
}

TEST_F(Topics, RememberTheLastFiveBatchesOfAProducer) {
  make();
  for (int i = 0; i < 8; ++i) append(1, {7, 0, i});
  EXPECT_EQ(append(1, {7, 0, 3}).duplicate_at, 3);
  EXPECT_EQ(append(1, {7, 0, 2}).duplicate_at, -1);
  EXPECT_EQ(topic().next, 8);
}

TEST_F(Topics, FenceAnOlderEpochOfAProducer) {
  make();
  append(1, {7, 1, 0});
  EXPECT_EQ(code_of(append(1, {7, 0, 0}).refusal), ErrorCode::fenced);
  EXPECT_EQ(code_of(append(1, {7, 2, 1}).refusal), ErrorCode::out_of_order);
  EXPECT_FALSE(append(1, {7, 2, 0}).refusal);
  EXPECT_EQ(code_of(append(1, {7, 1, 1}).refusal), ErrorCode::fenced);
  EXPECT_EQ(topic().next, 2);
}

TEST_F(Topics, NumberProducersOnBehindTheLargestNumber) {
  make();
  constexpr std::int32_t max = std::numeric_limits<std::int32_t>::max();
  append(1, {7, 0, 0});
  topic().producers.at(7).next_sequence = max - 1;
  EXPECT_FALSE(append(4, {7, 0, max - 1}).refusal);
  EXPECT_EQ(topic().producers.at(7).next_sequence, 2);
  EXPECT_FALSE(append(1, {7, 0, 2}).refusal);
  EXPECT_EQ(append(4, {7, 0, max - 1}).duplicate_at, 1);
}

// --- Groups, and what may go

TEST_F(Topics, KeepForAGroupWhatItHasNotCommitted) {
  make("t", day_us);
  append(3);
  EXPECT_FALSE(join("g"));
  append(2);
  world.advance(2 * day_us);
  trim();
  EXPECT_EQ(topic().start, 3) << "the first batch was there before the group, and is old";
  EXPECT_EQ(topic().next, 5);
  EXPECT_FALSE(commit("g", 4));
  trim();
  EXPECT_EQ(topic().start, 3) << "a batch goes as a whole";
  EXPECT_FALSE(commit("g", 5));
  trim();
  EXPECT_EQ(topic().start, 5);
  EXPECT_TRUE(topic().batches.empty());
  EXPECT_EQ(topic().bytes, 0u);
  EXPECT_EQ(state().durable.ledger.acked, 2u);
}

TEST_F(Topics, KeepForTheSlowestGroup) {
  make("t", 1);
  EXPECT_FALSE(join("slow"));
  EXPECT_FALSE(join("fast"));
  append(1);
  append(1);
  EXPECT_FALSE(commit("fast", 2));
  world.advance(1'000);
  trim();
  EXPECT_EQ(topic().start, 0);
  EXPECT_FALSE(commit("slow", 1));
  trim();
  EXPECT_EQ(topic().start, 1);
  EXPECT_FALSE(send(decide_unsubscription(state(), "t", "slow", world.now())));
  trim();
  EXPECT_EQ(topic().start, 2);
}

TEST_F(Topics, KeepCommittedRecordsForTheirRetention) {
  make("t", day_us);
  EXPECT_FALSE(join("g"));
  append(1);
  world.advance(day_us / 2);
  append(1);
  EXPECT_FALSE(commit("g", 2));
  EXPECT_EQ(trim(), 0);
  world.advance(day_us / 2);
  trim();
  EXPECT_EQ(topic().start, 1);
  EXPECT_FALSE(commit("g", 0)) << "a group may go back to what is still there";
  world.advance(day_us);
  EXPECT_EQ(trim(), 0);
}

// The clock of the machine is set forwards by a year: nothing is older for that.
TEST_F(Topics, DoNotAgeByAStepOfTheClock) {
  make("t", day_us);
  append(1);
  world.look(1);
  world.step(365 * day_us);
  world.look(1);
  world.commit();
  EXPECT_EQ(trim(), 0);
  EXPECT_EQ(topic().start, 0);
}

TEST_F(Topics, LetCommittedRecordsGoEarlierAboveHighWater) {
  Limits limits;
  limits.backlog_bytes = 1'000;
  world.set_limits(1, limits);
  make("t", day_us);
  EXPECT_FALSE(join("g"));
  for (int i = 0; i < 79; ++i) append(1);
  EXPECT_FALSE(commit("g", 50));
  EXPECT_EQ(trim(), 0) << "790 of 1,000 bytes are below the high water of 80 %";
  append(1);
  trim();
  EXPECT_EQ(topic().bytes, 600u) << "down to the low water of 60 %";
  EXPECT_EQ(topic().start, 20);
  for (int i = 0; i < 25; ++i) append(1);
  trim();
  EXPECT_EQ(topic().start, 45) << "as far as needed";
  EXPECT_FALSE(commit("g", 46));
  for (int i = 0; i < 30; ++i) append(1);
  trim();
  EXPECT_EQ(topic().start, 46) << "never what a group needs";
}

TEST_F(Topics, WithoutGroupsAreKeptForTheirRetention) {
  make("t", day_us);
  append(1);
  EXPECT_EQ(trim(), 0);
  world.advance(day_us);
  trim();
  EXPECT_EQ(topic().start, 1);
  EXPECT_EQ(state().durable.ledger.dropped, 1u) << "nobody has read it";
}

TEST_F(Topics, ForgetIdleGroupsAndProducers) {
  make("t", 365 * day_us);
  append(1, {7, 0, 0});
  EXPECT_FALSE(join("g"));
  world.advance(topic_idle_us / 2);
  append(1, {8, 0, 0});
  EXPECT_FALSE(join("active"));
  world.advance(topic_idle_us / 2);
  trim();
  EXPECT_FALSE(topic().groups.contains("g"));
  EXPECT_TRUE(topic().groups.contains("active"));
  EXPECT_FALSE(topic().producers.contains(7));
  EXPECT_TRUE(topic().producers.contains(8));
}

TEST_F(Topics, ForgetTheLongestIdleProducersForANewOneAndNoneThatIsBusy) {
  make("t", 365 * day_us);
  append(1, {1, 0, 0});
  append(1, {2, 0, 0});
  world.advance(1'000'000);
  append(1, {3, 0, 0});
  // As many as there may be; those from 10 on have been idle since the time of the first two.
  const TopicProducer old = topic().producers.at(2);
  for (std::int64_t id = 10; topic().producers.size() < producers_max; ++id) {
    topic().producers[id] = old;
  }
  append(1, {1, 0, 1}, false);  // in flight
  EXPECT_FALSE(append(1, {4, 0, 0}).refusal);
  EXPECT_TRUE(topic().producers.contains(4));
  EXPECT_TRUE(topic().producers.contains(3));
  EXPECT_EQ(topic().producers.at(1).next_sequence, 2) << "it was busy";
  EXPECT_EQ(topic().producers.size(), producers_max + 1 - 1'000);
  EXPECT_FALSE(append(1, {5, 0, 0}).refusal);
  EXPECT_EQ(topic().producers.size(), producers_max + 2 - 1'000) << "there is room again";
}

TEST_F(Topics, RefuseACommitBeyondTheirEnd) {
  make();
  append(3);
  EXPECT_EQ(code_of(commit("g", 4)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(commit("g", -1)), ErrorCode::invalid_argument);
  EXPECT_FALSE(commit("g", 3));
  EXPECT_EQ(topic().groups.at("g").committed, 3);
  EXPECT_EQ(topic().groups.at("g").metadata, "m");
}

TEST_F(Topics, AreRemovedWithAllThatTheyHave) {
  make();
  make("other");
  append(3);
  state().live.removing_topics.insert("t");
  EXPECT_EQ(code_of(append(1).refusal), ErrorCode::not_found) << "it is being removed";
  EXPECT_EQ(code_of(join("g")), ErrorCode::not_found);
  EXPECT_EQ(code_of(decide_topic(state(), "t", {}, false, {}, world.now()).refusal),
            ErrorCode::backlog_full);
  EXPECT_FALSE(send(decide_topic_removal(state(), "t", world.now())));
  state().live.removing_topics.clear();
  EXPECT_FALSE(state().durable.topics.contains("t"));
  EXPECT_TRUE(state().durable.topics.contains("other"));
  EXPECT_EQ(state().durable.index.size(), 0u);
  make();
  append(1);
  EXPECT_EQ(topic().next, 1);
}

// A record has room for so many numbers of messages, and no more.
TEST_F(Topics, AreRemovedAndTrimmedInRecordsOfBoundedSize) {
  make("t", 1);
  pb::Record record;
  record.set_at_us(world.now());
  pb::Change& change = *record.add_change();
  change.set_queue(1);
  pb::TopicChange& next = *change.add_topic();
  next.set_name("t");
  for (std::uint32_t i = 0; i < 25'000; ++i) {
    change.add_append()->set_records(1);
    next.add_append()->set_index(i);
    next.mutable_append(static_cast<int>(i))->set_producer(-1);
  }
  world.append(std::move(record));
  ASSERT_EQ(topic().next, 25'000);
  world.advance(1'000);
  EXPECT_EQ(trim(), 3);
  EXPECT_EQ(topic().start, 25'000);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(join("g" + std::to_string(i)));
  for (int i = 0; i < 10'001; ++i) append(1, {}, false);
  world.commit();
  state().live.removing_topics.insert("t");
  TopicDecision first = decide_topic_removal(state(), "t", world.now());
  EXPECT_FALSE(first.decision.record->change(0).topic(0).remove());
  EXPECT_FALSE(send(std::move(first)));
  EXPECT_EQ(topic().batches.size(), 1u);
  EXPECT_FALSE(send(decide_topic_removal(state(), "t", world.now())));
  state().live.removing_topics.clear();
  EXPECT_FALSE(state().durable.topics.contains("t"));
}

TEST_F(Topics, RefuseABatchThatIsTooLarge) {
  make();
  EXPECT_FALSE(decide_only(offer(1, {}, message_bytes_max)).refusal);
  EXPECT_EQ(code_of(decide_only(offer(1, {}, message_bytes_max + 1)).refusal),
            ErrorCode::too_large);
}

TEST_F(Topics, TakeNewOptionsOfTheConfigurationOnly) {
  make("t", day_us);
  pb::TopicOptions options;
  options.set_retention_us(2 * day_us);
  EXPECT_FALSE(send(decide_topic(state(), "t", options, false, {}, world.now())));
  EXPECT_EQ(topic().options.retention_us(), day_us);
  EXPECT_FALSE(send(decide_topic(state(), "t", options, true, {}, world.now())));
  EXPECT_EQ(topic().options.retention_us(), 2 * day_us);
  EXPECT_EQ(decide_topic(state(), "t", options, true, {}, world.now()).decision.record, nullptr);
}

TEST_F(Topics, DoNotForgetAPermanentGroup) {
  make("t", 365 * day_us);
  EXPECT_FALSE(join("g"));
  EXPECT_FALSE(join("g", true)) << "it becomes permanent";
  world.advance(2 * topic_idle_us);
  trim();
  EXPECT_TRUE(topic().groups.contains("g"));
  const Checkpoint checkpoint = world.checkpoint();
  world.crash(&checkpoint);
  world.advance(2 * topic_idle_us);
  trim();
  EXPECT_TRUE(topic().groups.contains("g"));
}

// --- What stages write

TEST_F(Topics, TakeWhatStagesWriteUnderTheNameOfTheQueue) {
  pb::Record record;
  record.set_at_us(world.now());
  pb::Change& change = *record.add_change();
  change.set_queue(1);
  *change.add_append() = *message("k", "a");
  auto late = message("", "b");
  late->set_not_before_us(world.now() + day_us);
  late->set_expires_at_us(world.now() + 1);
  *change.add_append() = *late;
  world.append(std::move(record));
  const Topic& written = topic("topics");
  ASSERT_EQ(written.batches.size(), 2u);
  EXPECT_EQ(written.next, 2);
  EXPECT_TRUE(state().live.delayed.empty()) << "times are for those who lease";
}

// --- Crashes, checkpoints, moves

TEST_F(Topics, AreTheSameAfterACrashAndFromACheckpoint) {
  make("t", day_us);
  make("u");
  for (int i = 0; i < 10; ++i)
    append(static_cast<std::uint32_t>(i % 3 + 1),
           {7, 0, topic().producers.empty() ? 0 : topic().producers.at(7).next_sequence});
  EXPECT_FALSE(join("g"));
  EXPECT_FALSE(commit("g", 4));
  world.advance(2 * day_us);
  trim();
  const std::string before = durable_text(state());
  world.crash(nullptr);
  EXPECT_EQ(durable_text(state()), before);
  const Checkpoint checkpoint = world.checkpoint();
  append(2);
  const std::string after = durable_text(state());
  world.crash(&checkpoint);
  EXPECT_EQ(durable_text(state()), after);
  EXPECT_EQ(check_invariants(state()), "");
}

TEST_F(Topics, AreReadFromPartsAndRefusedFromWrongOnes) {
  make("t", day_us);
  for (int i = 0; i < 10; ++i) append(2);
  EXPECT_FALSE(commit("g", 4));
  std::vector<pb::TopicPart> parts;
  write_topics(state().durable.topics, {.entries = 4}, [&parts](const std::string& bytes) {
    pb::SnapshotPart part;
    ASSERT_TRUE(part.ParseFromString(bytes));
    parts.push_back(part.topic());
  });
  ASSERT_EQ(parts.size(), 3u);
  State fresh;
  pb::Declaration declaration;
  declaration.set_topics(true);
  declare(fresh, declaration);
  fresh.durable.last = state().durable.last;
  EXPECT_FALSE(read_topic(fresh, parts[1])) << "continues nothing";
  for (const pb::TopicPart& part : parts) EXPECT_TRUE(read_topic(fresh, part));
  EXPECT_FALSE(read_topic(fresh, parts[0])) << "twice";
  std::size_t small_parts = 0;
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(commit("group" + std::to_string(i), 4));
  write_topics(state().durable.topics, {.bytes = 50, .entries = 100},
               [&small_parts](const std::string& part) {
                 EXPECT_LT(part.size(), 400u);
                 ++small_parts;
               });
  EXPECT_GT(small_parts, 3u) << "groups are cut into parts as well";
  EXPECT_FALSE(read_topic(fresh, parts[2])) << "does not follow";
  ASSERT_EQ(fresh.durable.topics.at("t").batches.size(), 10u);
  EXPECT_EQ(fresh.durable.topics.at("t").batches.back().base_offset, 18);
  EXPECT_EQ(fresh.durable.topics.at("t").groups.at("g").committed, 4);

  const auto refused = [&](auto change) {
    State other;
    declare(other, declaration);
    other.durable.last = state().durable.last;
    pb::TopicPart part = parts[0];
    change(part);
    return !read_topic(other, part) && other.durable.topics.empty();
  };
  EXPECT_TRUE(refused([](auto& part) { part.set_count(1, 3); }));
  EXPECT_TRUE(refused([](auto& part) { part.set_count(1, 0); }));
  EXPECT_TRUE(refused([](auto& part) { part.set_base_step(0, 1); }));
  EXPECT_TRUE(refused([](auto& part) { part.add_bytes(1); }));
  EXPECT_TRUE(refused([](auto& part) { part.set_sequence_step(2, 1'000); }));
  EXPECT_TRUE(refused([](auto& part) { part.set_sequence_step(2, 0); }));
  EXPECT_TRUE(refused([](auto& part) { part.set_next(3); }));
  EXPECT_TRUE(refused([](auto& part) { part.set_start(-1); }));
  EXPECT_TRUE(refused([](auto& part) { part.mutable_group(0)->set_committed(21); }));
}

}  // namespace
}  // namespace millrace::queues
