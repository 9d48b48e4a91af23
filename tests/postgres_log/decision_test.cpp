// Promises of the pure decisions: where a log ends, who may write, what a server must promise, and what a
// DSN says without its secrets.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/postgres_log/core/commit_core.hpp"
#include "actors/postgres_log/core/kept_segments.hpp"
#include "actors/postgres_log/core/log_end.hpp"
#include "actors/postgres_log/core/seat_memory.hpp"
#include "actors/postgres_log/core/server_promise.hpp"
#include "actors/postgres_log/core/sql_state.hpp"
#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/reachability.hpp"
#include "actors/postgres_log/session/dsn.hpp"

namespace millrace::postgres_log {
namespace {

TEST(LogEnd, IsBeforeTheFirstGap) {
  LogEnd end(1);
  EXPECT_FALSE(end.is_begun());
  EXPECT_EQ(end.last_lsn(), 0u);
  end.add(1, 1, 10);
  end.add(1, 11, 5);
  end.add(2, 18, 2);
  end.add(2, 16, 2);  // behind the gap in the order of the tables, so no part of the log
  EXPECT_EQ(end.last_lsn(), 15u);
  EXPECT_EQ(end.last_segment(), 1u);
  EXPECT_EQ(end.behind_gap(), (std::vector<RowKey>{{2, 18}, {2, 16}}));
  EXPECT_TRUE(end.check_behind_gap({18, 15, 2, 16}));
  const auto lost = end.check_behind_gap({18, 16, 2, 16});
  ASSERT_FALSE(lost) << "the row says that the missing record was confirmed";
  EXPECT_EQ(lost.error().code, ErrorCode::corrupt);
}

TEST(LogEnd, NeedsTheRecordBeforeWhatIsReplayed) {
  LogEnd reached(20);
  reached.add(1, 10, 5);  // before what is replayed
  EXPECT_FALSE(reached.is_begun());
  reached.add(1, 15, 5);
  EXPECT_TRUE(reached.is_begun());
  EXPECT_EQ(reached.last_lsn(), 19u);
  EXPECT_TRUE(reached.behind_gap().empty());
  LogEnd missing(20);
  missing.add(3, 21, 5);
  EXPECT_FALSE(missing.is_begun());
  EXPECT_EQ(missing.behind_gap().size(), 1u);
}

TEST(Standing, IsDecidedByTheEpochAlone) {
  EXPECT_EQ(standing_of(5, 5), Standing::owner);
  EXPECT_EQ(standing_of(5, 6), Standing::fenced);
  EXPECT_EQ(standing_of(5, 4), Standing::stale_server);
  EXPECT_EQ(standing_of(5, std::nullopt), Standing::stale_server);
}

TEST(CommitCore, ConfirmsInOrder) {
  CommitCore core(10, 3, 1'000);
  EXPECT_EQ(core.segment_room(), 0u);
  core.open_segment(4);
  const GroupNumber one = core.begin(2, 600);
  const GroupNumber two = core.begin(1, 500);
  EXPECT_EQ(core.segment_room(), 0u);
  core.open_segment(5);
  const GroupNumber three = core.begin(5, 10);
  EXPECT_FALSE(core.may_begin());
  EXPECT_EQ(core.span(two).first_lsn, 13u);
  EXPECT_EQ(core.span(three).segment_first_lsn, 14u);
  core.on_written(three);
  core.on_written(two);
  EXPECT_FALSE(core.take_confirmed());
  core.on_written(one);
  EXPECT_EQ(core.take_confirmed(), one);
  EXPECT_EQ(core.confirmed_lsn(), 12u);
  EXPECT_EQ(core.take_confirmed(), two);
  EXPECT_EQ(core.take_confirmed(), three);
  EXPECT_FALSE(core.take_confirmed());
  EXPECT_EQ(core.next_lsn(), 19u);
}

TEST(CommitCore, SettlesWhatIsInDoubt) {
  CommitCore core(0, 3, 1'000);
  core.open_segment(1);
  const GroupNumber one = core.begin(2, 10);
  const GroupNumber two = core.begin(3, 10);
  const GroupNumber three = core.begin(1, 10);
  core.on_lost(one);
  EXPECT_TRUE(core.must_settle());
  EXPECT_FALSE(core.may_settle()) << "answers are expected";
  EXPECT_FALSE(core.may_begin());
  core.on_written(two);
  core.on_lost(three);
  ASSERT_TRUE(core.may_settle());
  EXPECT_FALSE(core.take_confirmed());
  const SeenRow seen[] = {{3, 3}};
  const auto missing = core.missing(seen);
  ASSERT_TRUE(missing);
  EXPECT_EQ(*missing, (std::vector<GroupNumber>{one, three}));
  const SeenRow foreign[] = {{1, 5}};
  EXPECT_FALSE(core.missing(foreign)) << "a number that another owner has given";
  core.on_settled();
  EXPECT_TRUE(core.may_begin());
  EXPECT_EQ(core.take_confirmed(), one);
  EXPECT_EQ(core.take_confirmed(), two);
  EXPECT_EQ(core.take_confirmed(), three);
}

// A server that promises everything.
ServerFacts good_server() {
  return {.version = 150018,
          .fsync = "on",
          .full_page_writes = "on",
          .synchronous_commit = "on",
          .synchronous_standby_names = "standby",
          .is_in_recovery = false,
          .is_read_only = false};
}

void expect_refused(const ServerFacts& facts, ErrorCode code, const std::string& word) {
  const auto checked = check_promise(facts, false);
  ASSERT_FALSE(checked) << word;
  EXPECT_EQ(checked.error().code, code) << word;
  EXPECT_NE(checked.error().message.find(word), std::string::npos) << checked.error().message;
  EXPECT_EQ(checked.error().message.find('\n'), std::string::npos) << "more than one line";
}

TEST(ServerPromise, IsCheckedPieceByPiece) {
  EXPECT_TRUE(check_promise(good_server(), false));
  ServerFacts facts = good_server();
  facts.synchronous_commit = "remote_apply";
  EXPECT_TRUE(check_promise(facts, false));
  facts.version = 120099;
  expect_refused(facts, ErrorCode::unsupported_version, "13 or later");
  facts = good_server();
  facts.fsync = "off";
  expect_refused(facts, ErrorCode::invalid_argument, "fsync is off");
  facts = good_server();
  facts.full_page_writes = "off";
  expect_refused(facts, ErrorCode::invalid_argument, "full_page_writes is off");
  for (const char* weak : {"off", "local", "remote_write"}) {
    facts = good_server();
    facts.synchronous_commit = weak;
    expect_refused(facts, ErrorCode::invalid_argument,
                   "synchronous_commit is " + std::string(weak));
  }
  facts = good_server();
  facts.is_in_recovery = true;
  expect_refused(facts, ErrorCode::log_unreachable, "a standby");
  facts = good_server();
  facts.is_read_only = true;
  expect_refused(facts, ErrorCode::log_unreachable, "default_transaction_read_only");
  facts = good_server();
  facts.synchronous_standby_names = " ";
  expect_refused(facts, ErrorCode::invalid_argument, "synchronous_standby_names is empty");
  EXPECT_TRUE(check_promise(facts, true));
  EXPECT_TRUE(is_unreplicated(facts));
}

TEST(SqlState, WaitsForWhateverMayPass) {
  EXPECT_EQ(code_of(""), ErrorCode::log_unreachable);
  EXPECT_EQ(code_of("57P01"), ErrorCode::log_unreachable);
  EXPECT_EQ(code_of("42501"), ErrorCode::log_unreachable);
  EXPECT_EQ(code_of("53100"), ErrorCode::storage_full);
  EXPECT_EQ(code_of("58030"), ErrorCode::storage_failed);
  EXPECT_EQ(code_of("28P01"), ErrorCode::unauthenticated);
}

TEST(SettleRetry, LeavesAServerThatLacksWhatWasConfirmed) {
  EXPECT_EQ(retry_of(ErrorCode::not_found, undefined_table), SettleRetry::elsewhere)
      << "else a former primary without the table is asked for ever";
  EXPECT_EQ(retry_of(ErrorCode::not_found, ""), SettleRetry::elsewhere);
  EXPECT_EQ(retry_of(ErrorCode::log_unreachable, ""), SettleRetry::elsewhere);
  EXPECT_EQ(retry_of(ErrorCode::log_unreachable, undefined_table), SettleRetry::at_once);
  EXPECT_EQ(retry_of(ErrorCode::log_unreachable, unique_violation), SettleRetry::at_once);
  EXPECT_EQ(retry_of(ErrorCode::storage_full, "53100"), SettleRetry::here);
  EXPECT_EQ(retry_of(ErrorCode::fenced, ""), SettleRetry::here);
}

TEST(Dsn, NamesItsHostsAndNoSecret) {
  const auto dsn = Dsn::parse("postgresql://me:s3cret@one:5001,two:5002/orders");
  ASSERT_TRUE(dsn);
  ASSERT_EQ(dsn->hosts().size(), 2u);
  EXPECT_EQ(dsn->hosts()[1].host, "two");
  EXPECT_EQ(dsn->hosts()[1].port, "5002");
  EXPECT_EQ(dsn->where(), "PostgreSQL at one:5001,two:5002, database orders");
  EXPECT_EQ(dsn->without_secrets("a s3cret s3cret"), "a *** ***");
  const auto one_port = Dsn::parse("host=a,b,c port=6000 dbname=x password=p");
  ASSERT_TRUE(one_port);
  ASSERT_EQ(one_port->hosts().size(), 3u);
  EXPECT_EQ(one_port->hosts()[2].port, "6000");
  for (const char* bad : {"s3cret", "host=a password", "postgresql://me:s3cret@[::1", "nokey=1"}) {
    const auto refused = Dsn::parse(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(refused.error().message.find("s3cret"), std::string::npos);
  }
  EXPECT_FALSE(Dsn::parse("host=a,b,c port=1,2"));
}

std::vector<SegmentInfo> tables(const std::vector<SegmentNumber>& numbers) {
  std::vector<SegmentInfo> infos;
  for (const SegmentNumber number : numbers) infos.push_back({number, 0, 0});
  return infos;
}

TEST(KeptSegments, MissEachTableThatWasDropped) {
  const KeptSegments kept{3, 6};
  const auto whole = compare(kept, tables({1, 3, 4, 5, 6}));
  EXPECT_FALSE(whole.missing) << "what is before the first one is not kept";
  EXPECT_FALSE(whole.foreign);
  EXPECT_EQ(compare(kept, tables({4, 5, 6})).missing, 3u);
  EXPECT_EQ(compare(kept, tables({3, 5, 6})).missing, 4u);
  EXPECT_EQ(compare(kept, tables({3, 6})).missing, 4u) << "the oldest one of several";
  EXPECT_EQ(compare(kept, tables({3, 4, 5})).missing, 6u);
  EXPECT_EQ(compare(kept, tables({})).missing, 3u);
  EXPECT_EQ(compare(kept, tables({3, 4, 5, 6, 9})).foreign, 9u);
  EXPECT_EQ(compare(kept, tables({3, 4, 5, 9})).missing, 6u);
  EXPECT_FALSE(compare({}, tables({})).missing) << "of a log that never had a table";
}

TEST(KeptSegments, BeginWithTheNewestTablesWithoutAGap) {
  EXPECT_EQ(newest_run(tables({})), (KeptSegments{1, 0}));
  EXPECT_EQ(newest_run(tables({7})), (KeptSegments{7, 7}));
  EXPECT_EQ(newest_run(tables({1, 2, 3})), (KeptSegments{1, 3}));
  EXPECT_EQ(newest_run(tables({1, 2, 5, 6})), (KeptSegments{5, 6}));
}

TEST(SeatMemory, RefusesADatabaseThatHasLess) {
  const SeatMemory remembered{"one", 4, 1'000, "a/seat"};
  EXPECT_TRUE(check_memory("a", {}, {"one", 4, 0}, "here")) << "nothing is remembered";
  EXPECT_TRUE(check_memory("a", remembered, {"one", 4, 1'000}, "here"));
  EXPECT_TRUE(check_memory("a", remembered, {"two", 1, 1'001}, "here")) << "a log that was moved";
  EXPECT_TRUE(check_memory("a", remembered, {"one", 5, 0}, "here"))
      << "a seat that was removed and made anew";
  for (const SeatMemory& found : {SeatMemory{"one", 4, 999}, SeatMemory{"two", 4, 0},
                                  SeatMemory{"two", 5, 999}, SeatMemory{}}) {
    const auto checked = check_memory("a", remembered, found, "here");
    ASSERT_FALSE(checked) << found.epoch;
    EXPECT_EQ(checked.error().code, ErrorCode::outdated);
    EXPECT_NE(checked.error().message.find("a/seat"), std::string::npos);
  }
}

TEST(LessFound, CountsOnceNothingElseWasFoundForTheWholePatience) {
  using std::chrono::seconds;
  const SteadyUs start = 100'000'000;
  LessFound less(seconds(30));
  EXPECT_FALSE(less.counts(start)) << "a former primary may run on";
  EXPECT_FALSE(less.counts(start + 29'999'999));
  EXPECT_TRUE(less.counts(start + 30'000'000));
  EXPECT_TRUE(less.counts(start + 31'000'000));
  LessFound none(seconds(0));
  EXPECT_TRUE(none.counts(start));
}

TEST(ToldReason, IsToldOnceAndNotTooOften) {
  using std::chrono::seconds;
  const std::chrono::steady_clock::time_point start{seconds(100)};
  const Error refused{ErrorCode::log_unreachable, "refused by process 12"};
  const Error silent{ErrorCode::log_unreachable, "silent"};
  ToldReason told(seconds(5));
  EXPECT_TRUE(told.is_new(refused, start));
  EXPECT_FALSE(told.is_new({refused.code, "refused by process 13"}, start + seconds(60)));
  EXPECT_TRUE(told.is_new(silent, start + seconds(60)));
  EXPECT_FALSE(told.is_new(refused, start + seconds(64))) << "so soon";
  EXPECT_TRUE(told.is_new({ErrorCode::storage_locked, "silent"}, start + seconds(64)));
  EXPECT_TRUE(told.is_new(refused, start + seconds(65))) << "another code";
  told.reset();
  EXPECT_TRUE(told.is_new(refused, start + seconds(66)));
}

TEST(Options, AreCheckedByName) {
  Options good;
  good.node = "n1";
  ASSERT_TRUE(validate(good));
  const auto expect_named = [&](const std::string& name, auto change) {
    Options options = good;
    change(options);
    const auto checked = validate(options);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(checked.error().message.find(name), std::string::npos) << checked.error().message;
  };
  expect_named("schema", [](Options& o) { o.schema = "a b"; });
  expect_named("node", [](Options& o) { o.node = ""; });
  expect_named("holder", [](Options& o) { o.holder.assign(257, 'x'); });
  expect_named("lease", [](Options& o) { o.lease = std::chrono::milliseconds(10); });
  expect_named("segment_bytes", [](Options& o) { o.segment_bytes = 1; });
  expect_named("groups_max", [](Options& o) { o.groups_max = 0; });
  expect_named("group_bytes_max", [](Options& o) { o.group_bytes_max = 1; });
  expect_named("record_bytes_max", [](Options& o) { o.record_bytes_max = 0; });
  expect_named("tell_interval", [](Options& o) { o.tell_interval = std::chrono::milliseconds(0); });
  expect_named("retry_min", [](Options& o) { o.retry_min = std::chrono::milliseconds(0); });
}

}  // namespace
}  // namespace millrace::postgres_log
