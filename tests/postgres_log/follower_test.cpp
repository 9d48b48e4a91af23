// Promises of a follower, over real servers: it visits what a takeover finds, nothing else counts, and it holds
// nobody up.
#include "actors/postgres_log/follower.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/postgres_log/engine.hpp"
#include "tests/log/log_contract.hpp"
#include "tests/postgres_log/server_pair.hpp"

namespace millrace::postgres_log {
namespace {

using logs::Record;
using std::chrono::milliseconds;

/// Keeps what it is told since the last restart.
class Recorder final : public logs::FollowVisitor {
 public:
  Result<void> restart(const std::string& reason, logs::FileStore* files) override {
    reasons.push_back(reason);
    is_there = files != nullptr;
    contents = {};
    return {};
  }
  Result<void> on_entry(logs::Section section, std::string_view bytes) override {
    contents.entries.emplace_back(section, bytes);
    return {};
  }
  Result<void> on_frame(const logs::Frame& frame) override {
    contents.records.push_back({frame.lsn, frame.place, frame.shard, std::string(frame.body)});
    return {};
  }

  logs::Contents contents;
  std::vector<std::string> reasons;
  bool is_there = false;
};

class FollowerTest : public ::testing::Test {
 protected:
  FollowerTest() : servers_(ServerPair::shared()), engine_(options("follower")) {
    follower_ = engine_.follow("node", milliseconds(5));
  }

  [[nodiscard]] Options options(const std::string& holder) const {
    const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
    Options made;
    // Both servers: after a failover the other one is the primary.
    made.dsn = "host=" + servers_.primary_directory().string() + "," +
               servers_.standby_directory().string() + " port=5432 user=millrace dbname=postgres";
    made.schema = "follower_" + std::to_string(test.line());
    made.node = "node";
    made.holder = holder;
    made.segment_bytes = 64u << 10;
    made.group_bytes_max = 16u << 10;
    made.retry_min = milliseconds(2);
    made.retry_max = milliseconds(50);
    return made;
  }

  // Opens the log as a new process, which goes on with it.
  std::unique_ptr<logs::Process> start() {
    auto process = std::make_unique<logs::Process>();
    process->engine = std::make_shared<PostgresEngine>(options("writer"));
    auto opened = process->engine->open(logs::Opener::writer);
    EXPECT_TRUE(opened) << opened.error().message;
    auto contents = logs::recover_all(**opened);
    EXPECT_TRUE(contents) << contents.error().message;
    process->contents = *std::move(contents);
    auto log = (*opened)->start(process->listener);
    EXPECT_TRUE(log) << log.error().message;
    process->log = *std::move(log);
    return process;
  }

  // A process whose ten records were followed.
  std::unique_ptr<logs::Process> start_followed() {
    auto process = start();
    process->write(10, 100);
    follow_to(10);
    return process;
  }

  // Until a step finds nothing new.
  void catch_up() {
    int failures = 0;
    while (true) {
      const auto advanced = follower_->advance(recorder_);
      if (advanced && !*advanced) return;
      ASSERT_TRUE(advanced || advanced.error().code == ErrorCode::log_unreachable);
      if (!advanced) ++failures;
      ASSERT_LT(failures, 1'000);
    }
  }
  void follow_to(logs::Lsn lsn) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (follower_->mark().last_lsn < lsn || !follower_->mark().is_complete) {
      catch_up();
      ASSERT_LT(std::chrono::steady_clock::now(), end) << follower_->mark().last_lsn;
    }
  }
  std::string admin(const std::string& sql) const {
    return Admin(servers_.primary_directory()).run(sql);
  }
  [[nodiscard]] std::string schema() const { return options("").schema; }

  // Takes the log over, with the rest alone if what was followed holds.
  struct Taken {
    Result<void> holds;
    std::vector<Record> rest;
    logs::Recovered recovered;
  };
  Taken take() {
    auto opened = engine_.open(logs::Opener::writer);
    EXPECT_TRUE(opened) << opened.error().message;
    Taken taken{(*opened)->check_followed(follower_->mark()), {}, {}};
    if (!taken.holds) return taken;
    const auto recovered =
        (*opened)->recover_rest(follower_->mark(), [&](const logs::Frame& frame) {
          taken.rest.push_back({frame.lsn, frame.place, frame.shard, std::string(frame.body)});
          return Result<void>{};
        });
    EXPECT_TRUE(recovered) << recovered.error().message;
    taken.recovered = *recovered;
    return taken;
  }

  ServerPair& servers_;
  PostgresEngine engine_;
  std::unique_ptr<logs::Follower> follower_;
  Recorder recorder_;
};

TEST_F(FollowerTest, WaitsUntilThereIsALog) {
  catch_up();
  EXPECT_FALSE(follower_->mark().is_complete);
  EXPECT_TRUE(recorder_.reasons.empty());
  const auto process = start();
  catch_up();
  EXPECT_TRUE(follower_->mark().is_complete) << "it is empty";
  EXPECT_EQ(follower_->mark().last_lsn, 0u);
  process->write(3, 100);
  follow_to(3);
  EXPECT_EQ(recorder_.contents.records, process->listener.records());
}

TEST_F(FollowerTest, VisitsTheCheckpointAndWhatIsWritten) {
  auto process = start();
  process->write(40, 5'000);
  ASSERT_OK(process->checkpoint(38, "first"));
  process->write(20, 5'000);
  follow_to(60);
  ASSERT_EQ(recorder_.contents.entries.size(), 1u);
  EXPECT_EQ(recorder_.contents.entries[0].second, "first");
  std::vector<Record> records = process->listener.records();
  records.erase(records.begin(), records.begin() + 37);
  EXPECT_EQ(recorder_.contents.records, records);
  // Over many segments, while records come.
  for (int i = 0; i < 20; ++i) {
    process->append_numbers(1, 50);
    catch_up();
  }
  ASSERT_TRUE(process->listener.await_records(60 + 20 * 50));
  follow_to(60 + 20 * 50);
  records = process->listener.records();
  records.erase(records.begin(), records.begin() + 37);
  EXPECT_EQ(recorder_.contents.records, records);
  EXPECT_EQ(recorder_.reasons.size(), 1u);
  // A later checkpoint changes nothing for a follower that keeps up.
  ASSERT_OK(process->checkpoint(1'000, "second"));
  process->log->release_before(logs::segment_of(records[900].place));
  process->write(5, 100);
  follow_to(60 + 20 * 50 + 5);
  EXPECT_EQ(recorder_.reasons.size(), 1u);
}

TEST_F(FollowerTest, ATakeoverReadsTheRestAlone) {
  auto process = start();
  process->write(30, 5'000);
  ASSERT_OK(process->checkpoint(21));
  follow_to(30);
  process->write(7, 5'000);
  const std::vector<Record> written = process->listener.records();
  process.reset();
  const logs::FollowMark mark = follower_->mark();
  const Taken taken = take();
  ASSERT_OK(taken.holds);
  EXPECT_EQ(mark.last_lsn, 30u);
  EXPECT_EQ(taken.rest, std::vector<Record>(written.begin() + 30, written.end()));
  // As a cold recovery says.
  const auto cold = start();
  EXPECT_EQ(taken.recovered.last_lsn, cold->contents.recovered.last_lsn);
  EXPECT_EQ(taken.recovered.replay_from, cold->contents.recovered.replay_from);
  EXPECT_EQ(taken.recovered.has_checkpoint, cold->contents.recovered.has_checkpoint);
  EXPECT_EQ(taken.recovered.warnings, cold->contents.recovered.warnings);
  // The takeovers have changed nothing that was followed.
  cold->write(3, 100);
  follow_to(40);
  EXPECT_EQ(recorder_.reasons.size(), 1u);
}

TEST_F(FollowerTest, BehindAGapNothingIsFollowed) {
  auto process = start_followed();
  process->write(1, 100);
  process->write(1, 100);
  process.reset();
  const std::string table = admin(
      "select relname from pg_class where relname like 'segment%' and"
      " relnamespace = '" +
      schema() +
      "'::regnamespace and"
      " pg_relation_size(oid) > 0");
  // As if the group of record 11 were not committed yet.
  admin("create table " + schema() + ".kept as select * from " + schema() + "." + table +
        " where lsn = 11; delete from " + schema() + "." + table + " where lsn = 11");
  catch_up();
  EXPECT_EQ(follower_->mark().last_lsn, 10u);
  admin("insert into " + schema() + "." + table + " select * from " + schema() + ".kept");
  follow_to(12);
  EXPECT_EQ(recorder_.contents.records.size(), 12u);
  EXPECT_EQ(recorder_.reasons.size(), 1u);
}

TEST_F(FollowerTest, BeginsAnewWhenRecordsWereReleasedBeforeItHasReadThem) {
  auto process = start();
  process->write(30, 5'000);
  follow_to(30);
  process->write(60, 5'000);
  ASSERT_OK(process->checkpoint(91, "later"));
  process->log->release_before(logs::segment_of(process->listener.records()[80].place));
  const std::string first =
      "select count(*) = 0 from pg_class where relname = 'segment_1_1' and relnamespace = '" +
      schema() + "'::regnamespace";
  ASSERT_TRUE(logs::eventually([&] { return admin(first) == "t"; }));
  process->write(1, 100);
  follow_to(91);
  EXPECT_EQ(recorder_.reasons.size(), 2u);
  EXPECT_NE(recorder_.reasons.back().find("released"), std::string::npos);
  EXPECT_EQ(recorder_.contents.records.size(), 1u);
  EXPECT_EQ(recorder_.contents.entries.at(0).second, "later");
}

TEST_F(FollowerTest, LocksNothingBetweenItsLooks) {
  auto process = start();
  process->write(30, 5'000);
  ASSERT_OK(process->checkpoint(31));
  follow_to(30);
  EXPECT_EQ(admin("select count(*) from pg_locks l join pg_class c on c.oid = l.relation"
                  " join pg_stat_activity a on a.pid = l.pid where c.relnamespace = '" +
                  schema() +
                  "'::regnamespace and a.application_name = 'millrace'"
                  " and a.state like 'idle%'"),
            "0");
  process.reset();
  EXPECT_OK(take().holds);
}

TEST_F(FollowerTest, ThrowsAwayWhatAFailoverMayHaveLost) {
  auto process = start_followed();
  // A commit whose wait for the standby ends is visible, and on one server only.
  servers_.hold_replication(true);
  ASSERT_OK(process->append("lost with the server"));
  const auto end_waits = [&] {
    return admin(
               "select count(pg_terminate_backend(pid)) > 0 from pg_stat_activity"
               " where application_name = 'millrace' and wait_event = 'SyncRep'"
               " and query = 'commit'") == "t";
  };
  ASSERT_TRUE(logs::eventually(end_waits));
  follow_to(11);
  EXPECT_EQ(recorder_.contents.records.back().body, "lost with the server");
  const logs::FollowMark before = follower_->mark();
  servers_.fail_over();
  ASSERT_TRUE(process->listener.await_records(11)) << "it writes it again";
  process->write(2, 100);
  const std::vector<Record> written = process->listener.records();
  process.reset();
  auto opened = engine_.open(logs::Opener::writer);
  ASSERT_OK(opened);
  const auto holds = (*opened)->check_followed(before);
  ASSERT_FALSE(holds) << "another server may have another log";
  EXPECT_EQ(holds.error().code, ErrorCode::outdated);
  opened->reset();
  follow_to(13);
  EXPECT_EQ(recorder_.reasons.size(), 2u);
  EXPECT_EQ(recorder_.contents.records, written);
  EXPECT_OK(take().holds);
}

TEST_F(FollowerTest, ThrowsAwayWhatItFollowedBeforeARestart) {
  auto process = start_followed();
  servers_.restart_primary();
  process->write(2, 100);
  process.reset();
  const Taken taken = take();
  EXPECT_FALSE(taken.holds);
  follow_to(12);
  EXPECT_EQ(recorder_.reasons.size(), 2u);
}

TEST_F(FollowerTest, FollowsASeatThatWasMadeAnew) {
  auto process = start_followed();
  process.reset();
  admin("set client_min_messages = warning; drop schema " + schema() + " cascade");
  catch_up();
  EXPECT_FALSE(recorder_.is_there) << "what was followed is gone";
  EXPECT_FALSE(follower_->mark().is_complete);
  process = start();
  process->write(5, 100);
  follow_to(5);
  EXPECT_EQ(recorder_.contents.records, process->listener.records());
}

TEST_F(FollowerTest, IsCancelledWhileItWaits) {
  auto process = start();
  follower_->cancel();
  EXPECT_EQ(follower_->advance(recorder_).error().code, ErrorCode::draining);
}

}  // namespace
}  // namespace millrace::postgres_log
