// Promises of FollowCore: what was followed counts only while it must be the beginning of the log.
#include "actors/postgres_log/core/follow_core.hpp"

#include <gtest/gtest.h>

namespace millrace::postgres_log {
namespace {

using Task = FollowPlan::Task;

FollowView view_of(const std::string& run = "run 1") {
  return {.run = run, .seat = 7, .epoch = 10, .checkpoint = 3, .parts = 2, .replay_from = 21};
}

// Has read the checkpoint, and the records up to 30.
FollowCore followed() {
  FollowCore core;
  core.begin(view_of());
  core.on_parts(2);
  core.on_row(4, 21, 10);
  return core;
}

TakenLog taken_log() {
  return {.run = "run 1", .seat = 7, .first_lsn = 1, .last_lsn = 50, .replay_from = 21};
}

TEST(FollowCore, WaitsForALog) {
  const FollowCore core;
  EXPECT_EQ(core.plan({.run = "run 1"}).task, Task::wait) << "no seat";
  EXPECT_EQ(core.plan({.run = "run 1", .seat = 7}).task, Task::wait) << "nobody has taken it";
  FollowView moved = view_of();
  moved.has_moved = true;
  EXPECT_EQ(core.plan(moved).task, Task::wait);
  EXPECT_EQ(followed().plan(moved).task, Task::wait);
  EXPECT_FALSE(core.mark().is_complete);
}

TEST(FollowCore, ReadsTheCheckpointAndThenRows) {
  FollowCore core;
  EXPECT_EQ(core.plan(view_of()).task, Task::begin);
  core.begin(view_of());
  EXPECT_EQ(core.plan(view_of()).task, Task::parts);
  core.on_parts(1);
  EXPECT_EQ(core.plan(view_of()).task, Task::parts);
  EXPECT_FALSE(core.mark().is_complete);
  core.on_parts(1);
  EXPECT_EQ(core.plan(view_of()).task, Task::rows);
  EXPECT_TRUE(core.mark().is_complete);
  EXPECT_EQ(core.mark().last_lsn, 20u);
}

TEST(FollowCore, BeginsAtTheFirstRecordWithoutACheckpoint) {
  FollowView view = view_of();
  view.checkpoint = 0;
  view.replay_from = 1;
  FollowCore core;
  core.begin(view);
  EXPECT_EQ(core.plan(view).task, Task::rows);
  EXPECT_EQ(core.next(), 1u);
}

TEST(FollowCore, TakesRowsUpToTheFirstGap) {
  FollowCore core = followed();
  EXPECT_EQ(core.next(), 31u);
  EXPECT_FALSE(core.takes(21, 10)) << "it was read";
  EXPECT_TRUE(core.takes(31, 1));
  EXPECT_FALSE(core.takes(32, 5)) << "behind a gap";
  core.on_row(5, 31, 4);
  EXPECT_TRUE(core.takes(35, 1));
  EXPECT_EQ(core.segment(), 5u);
  FollowCore begun;
  begun.begin(view_of());
  EXPECT_TRUE(begun.takes(15, 10)) << "the checkpoint ends within a row";
}

TEST(FollowCore, BeginsAnewWhenAnotherServerAnswers) {
  const FollowCore core = followed();
  EXPECT_EQ(core.plan(view_of()).task, Task::rows);
  EXPECT_EQ(core.plan(view_of("run 2")).task, Task::begin);
  FollowView other = view_of();
  other.seat = 8;
  EXPECT_EQ(core.plan(other).task, Task::begin) << "the seat was made anew";
  FollowView older = view_of();
  older.epoch = 9;
  EXPECT_EQ(core.plan(older).task, Task::begin);
  FollowView newer = view_of();
  newer.epoch = 11;
  newer.checkpoint = 4;
  newer.replay_from = 25;
  EXPECT_EQ(core.plan(newer).task, Task::rows) << "a takeover cuts nothing that was followed";
  FollowCore again = core;
  again.begin(view_of("run 2"));
  EXPECT_EQ(again.next(), 21u);
  EXPECT_FALSE(again.is_complete());
}

TEST(FollowCore, TellsWhatWasReleasedFromWhatIsNotWrittenYet) {
  const FollowCore core = followed();
  FollowView view = view_of();
  view.replay_from = 31;
  EXPECT_FALSE(core.is_released(view)) << "nobody has written record 31";
  view.replay_from = 32;
  EXPECT_TRUE(core.is_released(view)) << "a checkpoint covers record 31";
}

TEST(FollowCore, WhatItFollowedIsCheckedByATakeover) {
  const logs::FollowMark mark = followed().mark();
  EXPECT_EQ(mark.last_lsn, 30u);
  EXPECT_TRUE(check_followed(mark, taken_log()));
  const auto refused = [&](const TakenLog& log, const std::string& why) {
    const auto checked = check_followed(mark, log);
    ASSERT_FALSE(checked) << why;
    EXPECT_EQ(checked.error().code, ErrorCode::outdated);
    EXPECT_NE(checked.error().message.find(why), std::string::npos) << checked.error().message;
  };
  TakenLog log = taken_log();
  log.run = "run 2";
  refused(log, "another server");
  log = taken_log();
  log.seat = 8;
  refused(log, "the seat was made anew");
  log = taken_log();
  log.last_lsn = 29;
  refused(log, "the log ends with 29");
  log = taken_log();
  log.replay_from = 40;
  EXPECT_TRUE(check_followed(mark, log)) << "what the checkpoint covers is there yet";
  log.first_lsn = 32;
  refused(log, "were released");
  log.replay_from = 31;
  EXPECT_TRUE(check_followed(mark, log)) << "the rest begins behind what was followed";
  FollowCore begun;
  begun.begin(view_of());
  EXPECT_FALSE(check_followed(begun.mark(), taken_log())) << "the checkpoint is not complete";
  EXPECT_FALSE(check_followed({}, taken_log()));
}

}  // namespace
}  // namespace millrace::postgres_log
