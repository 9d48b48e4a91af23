// Promises about what somebody else does to the tables: a start notices it, whoever opens the log, and says what is
// missing or has changed; and about schemas of version 1, which are brought to version 2 while processes go on.
#include "actors/postgres_log/schema.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "actors/postgres_log/copy_source.hpp"
#include "actors/postgres_log/copy_target.hpp"
#include "actors/postgres_log/engine.hpp"
#include "actors/postgres_log/seat_table.hpp"
#include "tests/postgres_log/servers_fixture.hpp"

namespace millrace::postgres_log {
namespace {

class Tables : public ServersFixture {
 protected:
  Tables() {
    options_.segment_bytes = 64U << 10;
    options_.group_bytes_max = 16U << 10;
  }

  // A log of several segments, all of whose records a start replays; the process has stopped.
  void write_log() {
    auto process = start();
    ASSERT_TRUE(process);
    process->write(30, 10'000);
    await([&] { return process->log->stats().segments_ready == 2; });
    process->log->stop();
  }

  [[nodiscard]] std::vector<int> segments() {
    std::vector<int> numbers;
    const std::string all = admin_.run(
        "select string_agg(n::text, ' ' order by n) from (select"
        " substring(relname from '^segment_1_([0-9]+)$')::int n from pg_class c join"
        " pg_namespace s on s.oid = relnamespace where nspname = '" +
        schema_ + "' and relkind = 'r') t where n is not null");
    std::istringstream text(all);
    for (int number = 0; text >> number;) numbers.push_back(number);
    return numbers;
  }
  [[nodiscard]] std::string table(int segment) const {
    return schema_ + ".segment_1_" + std::to_string(segment);
  }
  void drop(int segment) { admin_.run("drop table " + table(segment)); }

  // What each kind of opening says to a log that is not as it was left.
  std::vector<Error> refusals() {
    std::vector<Error> errors{refused(logs::Opener::writer), refused(logs::Opener::reader)};
    const auto source = PostgresCopySource::open(options_, "elsewhere");
    EXPECT_FALSE(source) << "a copy";
    if (!source) errors.push_back(source.error());
    return errors;
  }

  // Makes of the schema what a program of version 1 would have made.
  void make_version_1() {
    admin_.run("alter table " + schema_ + ".schema_version drop column cluster, drop column id;" +
               "update " + schema_ + ".schema_version set version = 1; drop table " + schema_ +
               ".segments");
  }
};

TEST_F(Tables, ThatWereDroppedAreMissed) {
  write_log();
  const std::vector<int> there = segments();
  ASSERT_GE(there.size(), 6u);
  admin_.run("alter table " + table(there.back()) + " rename to kept_1");
  for (const int dropped : {there.back() - 2, there[there.size() / 2], there.front()}) {
    // Not dropped but renamed: each one is put back.
    admin_.run("alter table " + table(dropped) + " rename to kept_2");
    for (const Error& error : refusals()) {
      EXPECT_EQ(error.code, ErrorCode::corrupt);
      EXPECT_NE(error.message.find("the table " + table(dropped) + " is missing"),
                std::string::npos);
    }
    admin_.run("alter table " + schema_ + ".kept_2 rename to segment_1_" + std::to_string(dropped));
  }
  EXPECT_EQ(refused().code, ErrorCode::corrupt) << "the newest one, which has no records yet";
  admin_.run("alter table " + schema_ + ".kept_1 rename to segment_1_" +
             std::to_string(there.back()));
  auto process = start();
  ASSERT_TRUE(process);
  EXPECT_EQ(process->contents.records.size(), 30u);
  process->write(3, 10);
}

TEST_F(Tables, ThatAreGivenUpAreNotMissed) {
  write_log();
  const int newest = segments().back();
  drop(newest);
  EXPECT_EQ(refused().code, ErrorCode::corrupt);
  // As docs/replication.md says.
  admin_.run("delete from " + schema_ + ".segments where node = 1");
  auto process = start();
  ASSERT_TRUE(process);
  process->write(3, 10);
  process->log->stop();
  drop(segments().back());
  EXPECT_EQ(refused().code, ErrorCode::corrupt) << "it is kept again";
}

TEST_F(Tables, WithoutRecordsAreUsedByTheNextProcess) {
  write_log();
  const std::vector<int> there = segments();
  for (int i = 0; i < 3; ++i) start().reset();
  EXPECT_EQ(segments(), there);
  auto process = start();
  ASSERT_TRUE(process);
  process->write(20, 10'000);
  process->log->stop();
  const std::vector<int> now = segments();
  for (std::size_t i = 1; i < now.size(); ++i) EXPECT_EQ(now[i], now[i - 1] + 1);
}

TEST_F(Tables, ThatAFailoverHasLostAreMadeAgain) {
  auto process = start();
  ASSERT_TRUE(process);
  await([&] { return process->log->stats().segments_ready == 2; });
  // The process counts on a table whose making was not replicated.
  const int lost = segments().back();
  admin_.run("drop table " + table(lost) + "; update " + schema_ +
             ".segments set last = " + std::to_string(lost - 1));
  process->write(1, 100);
  await([&] { return segments().back() == lost + 1; });
  process->log->stop();
  process = start();
  ASSERT_TRUE(process);
  EXPECT_EQ(process->contents.records.size(), 1u);
  process->write(30, 10'000);
}

TEST_F(Tables, ThatWereReleasedAreNotMissed) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(30, 10'000);
  ASSERT_TRUE(process->checkpoint(process->log->stats().durable_lsn + 1));
  process->log->release_before(process->log->stats().current_segment);
  await([&] { return segments().front() > 3; });
  process->write(10, 10'000);
  process->log->stop();
  process = start();
  ASSERT_TRUE(process);
  process->log->stop();
  drop(segments().front());
  EXPECT_EQ(refused().code, ErrorCode::corrupt);
}

TEST_F(Tables, AreReleasedInTheirOrder) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(30, 10'000);
  ASSERT_TRUE(process->checkpoint(process->log->stats().durable_lsn + 1));
  Admin reader(servers_.primary_directory());
  reader.run("begin; select count(*) from " + table(2));
  const int current = static_cast<int>(process->log->stats().current_segment);
  process->log->release_before(process->log->stats().current_segment);
  await([&] { return segments().front() == 2; });
  // A second attempt ends like the first one.
  await([&] {
    return admin_.run("select count(*) from pg_locks where not granted and relation = '" +
                      table(2) + "'::regclass") != "0";
  });
  EXPECT_EQ(segments()[1], 3) << "what is behind a table that somebody reads stays";
  reader.run("commit");
  await([&] { return segments().front() == current; });
}

TEST_F(Tables, ThatWereReleasedAreDroppedAlthoughThereIsNoRoomForOthers) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(30, 10'000);
  ASSERT_TRUE(process->checkpoint(process->log->stats().durable_lsn + 1));
  const logs::SegmentNumber kept = process->log->stats().current_segment;
  admin_.run(
      "create function no_room() returns event_trigger language plpgsql as"
      " $$begin raise exception 'refused by the test' using errcode = '53100'; end$$;"
      " create event trigger no_room on ddl_command_start when tag in ('CREATE TABLE')"
      " execute function no_room()");
  process->append_numbers(31, 90, 10'000);  // takes the tables that are ready, and needs others
  const bool is_full = process->listener.await([&] { return process->listener.fulls() > 0; });
  process->log->release_before(kept);
  await([&] { return segments().front() == static_cast<int>(kept); });
  admin_.run("drop event trigger no_room; drop function no_room");
  EXPECT_TRUE(is_full);
  EXPECT_TRUE(process->listener.await_records(90));
}

TEST_F(Tables, ThatCannotBeDroppedHoldUpNothing) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(30, 10'000);
  ASSERT_TRUE(process->checkpoint(process->log->stats().durable_lsn + 1));
  admin_.run(
      "create function no_drop() returns event_trigger language plpgsql as"
      " $$begin raise exception 'refused by the test' using errcode = '58030'; end$$;"
      " create event trigger no_drop on ddl_command_start when tag in ('DROP TABLE')"
      " execute function no_drop()");
  process->log->release_before(process->log->stats().current_segment);
  process->append_numbers(31, 60, 10'000);
  const bool goes_on = process->listener.await_records(60);
  admin_.run("drop event trigger no_drop; drop function no_drop");
  EXPECT_TRUE(goes_on);
  await([&] { return segments().front() > 3; });
}

TEST_F(Tables, OfACopyAreMissed) {
  write_log();
  {
    const auto source = PostgresCopySource::open(options_, "elsewhere");
    ASSERT_TRUE(source) << source.error().message;
    options_.node = "copy";
    const auto target = PostgresCopyTarget::open(options_, 1);
    ASSERT_TRUE(target) << target.error().message;
    ASSERT_TRUE((*source)->visit_records([&](const logs::Frame& frame) -> Result<void> {
      const auto added = (*target)->add(frame);
      return added ? Result<void>{} : Result<void>(added.error());
    }));
    ASSERT_TRUE((*target)->prepare());
    ASSERT_TRUE((*target)->complete());
  }
  admin_.run("drop table " + schema_ + ".segment_2_2");
  const Error error = refused();
  EXPECT_EQ(error.code, ErrorCode::corrupt);
  EXPECT_NE(error.message.find(schema_ + ".segment_2_2 is missing"), std::string::npos);
}

TEST_F(Tables, OfVersion1AreBroughtToVersion2) {
  write_log();
  make_version_1();
  {
    const auto before = segments();
    drop(before.back() - 1);  // numbers of that version have gaps
    PostgresEngine reader(options_);
    const auto opened = reader.open(logs::Opener::reader);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(admin_.run("select version from " + schema_ + ".schema_version"), "1")
        << "a reader changes nothing";
  }
  options_.cluster = "one";
  auto process = start();
  ASSERT_TRUE(process);
  EXPECT_EQ(process->contents.records.size(), 30u);
  EXPECT_EQ(admin_.run("select version from " + schema_ + ".schema_version"), "2");
  EXPECT_EQ(admin_.run("select cluster from " + schema_ + ".schema_version"), "one");
  process->write(10, 10'000);
  process->log->stop();
  start().reset();
  drop(segments().back());
  EXPECT_EQ(refused().code, ErrorCode::corrupt);
}

TEST_F(Tables, ThatAnOlderProgramHasMadeAndDroppedAreNotMissed) {
  write_log();
  // A process of version 1 that looked at the schema before it was brought to version 2 takes the seat, and keeps
  // no account.
  admin_.run("update " + schema_ + ".node set epoch = epoch + 1");
  const std::vector<int> there = segments();
  drop(there.back());
  drop(there.back() - 1);
  admin_.run("create table " + table(there.back() + 1) + " (like " + table(1) + " including all)");
  auto process = start();
  ASSERT_TRUE(process);
  EXPECT_EQ(process->contents.records.size(), 30u);
  process->write(3, 10);
}

TEST_F(Tables, OfAnotherClusterAreRefused) {
  options_.cluster = "one";
  write_log();
  options_.cluster = "two";
  std::vector<Error> errors = refusals();
  const auto target = PostgresCopyTarget::open(options_, 1);
  ASSERT_FALSE(target);
  errors.push_back(target.error());
  for (const bool makes : {false, true}) {
    const auto seats = SeatTable::open(options_, makes);
    ASSERT_FALSE(seats);
    errors.push_back(seats.error());
  }
  for (const Error& error : errors) {
    EXPECT_EQ(error.code, ErrorCode::foreign_file);
    EXPECT_NE(error.message.find("\"one\""), std::string::npos) << error.message;
    EXPECT_NE(error.message.find("\"two\""), std::string::npos) << error.message;
  }
  options_.cluster = "one";
  EXPECT_TRUE(start());
}

// Who looks while another process makes them sees none or all of them.
TEST_F(Tables, ThatAreBeingMadeAreNotTakenForForeignOnes) {
  constexpr int rounds = 20;
  constexpr int lookers = 3;
  std::atomic<int> made_rounds = 0;
  const auto name_of = [&](int round) {
    return schema_ + "_" + std::to_string(round);
  };
  const auto look_for_all = [&](Result<SchemaFacts>& looked) {
    const Interrupt interrupt;
    Connector connector(*Dsn::parse(options_.dsn), false, std::chrono::seconds(10),
                        std::chrono::seconds(10));
    const auto session = connector.connect(interrupt);
    if (!session) {
      looked = session.error();
      return;
    }
    for (int round = 0; round < rounds; ++round) {
      do {
        looked = look_at_schema(**session, name_of(round), options_.cluster);
        if (!looked) return;
      } while (looked->version == 0 && made_rounds <= round);
    }
  };
  std::vector<Result<SchemaFacts>> looked(lookers, SchemaFacts{});
  std::vector<std::thread> threads;
  for (auto& one : looked) threads.emplace_back([&] { look_for_all(one); });
  for (int round = 0; round < rounds; ++round) {
    options_.schema = name_of(round);
    EXPECT_TRUE(SeatTable::open(options_, true));
    ++made_rounds;
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& one : looked) EXPECT_TRUE(one) << one.error().message;
}

TEST_F(Tables, ThatSomebodyHasChangedAreRefused) {
  write_log();
  const std::string node = schema_ + ".node";
  admin_.run("create function " + schema_ +
             ".nothing() returns trigger language plpgsql as"
             " $$begin return null; end$$");
  struct Change {
    std::string change;
    std::string back;
    std::string told;
  };
  const std::vector<Change> changes{
      {"alter table " + table(2) + " set unlogged", "alter table " + table(2) + " set logged",
       table(2) + " is unlogged"},
      {"alter table " + node + " set unlogged", "alter table " + node + " set logged",
       node + " is unlogged"},
      {"create rule quiet as on insert to " + table(2) + " do instead nothing",
       "drop rule quiet on " + table(2), table(2) + " has the rule quiet"},
      {"create trigger lossy before insert on " + table(2) + " for each row execute function " +
           schema_ + ".nothing()",
       "drop trigger lossy on " + table(2), table(2) + " has the trigger lossy"},
      {"create trigger lossy before update on " + schema_ +
           ".checkpoint for each row execute function " + schema_ + ".nothing()",
       "drop trigger lossy on " + schema_ + ".checkpoint", "checkpoint has the trigger lossy"},
      {"alter table " + table(2) + " enable row level security",
       "alter table " + table(2) + " disable row level security", table(2) + " has row security"}};
  for (const auto& [change, back, told] : changes) {
    admin_.run(change);
    for (const Error& error : refusals()) {
      EXPECT_EQ(error.code, ErrorCode::invalid_argument);
      EXPECT_NE(error.message.find(told), std::string::npos) << error.message;
    }
    admin_.run(back);
  }
  // What is not of this log is nobody's business here.
  admin_.run("create unlogged table " + schema_ + ".segment_9_1(a int); create unlogged table " +
             schema_ + ".notes(a int)");
  EXPECT_TRUE(start());
}

TEST_F(Tables, ThatHaveLessThanAProcessRemembersAreRefused) {
  std::map<std::string, SeatMemory> memory;
  options_.remembered = [&](const std::string& name) {
    return Result<SeatMemory>(memory[name]);
  };
  options_.on_taken = [&](const std::string& name, const SeatMemory& taken) {
    memory[name] = taken;
    memory[name].kept_in = "the-file";
  };
  write_log();
  const SeatMemory first = memory["node"];
  EXPECT_GT(first.epoch, 0u);
  admin_.run("create table epochs as select epoch from " + schema_ + ".node");
  write_log();
  EXPECT_GT(memory["node"].epoch, first.epoch);
  EXPECT_EQ(memory["node"].schema, first.schema);
  // An older state of the same database.
  admin_.run("update " + schema_ +
             ".node set epoch = (select epoch from epochs); drop table epochs");
  Error error = refused();
  EXPECT_EQ(error.code, ErrorCode::outdated);
  EXPECT_NE(error.message.find("the-file"), std::string::npos);
  // None at all: the schema is not even made.
  admin_.run("set client_min_messages = warning; drop schema " + schema_ + " cascade");
  error = refused();
  EXPECT_EQ(error.code, ErrorCode::outdated);
  EXPECT_EQ(admin_.run("select count(*) from pg_namespace where nspname = '" + schema_ + "'"), "0");
  // Made anew by another process.
  {
    Options other = options_;
    other.remembered = nullptr;
    other.node = "other";
    PostgresEngine engine(other);
    ASSERT_TRUE(engine.open(logs::Opener::writer));
  }
  EXPECT_EQ(refused().code, ErrorCode::outdated);
  memory.clear();
  EXPECT_TRUE(start());
  EXPECT_NE(memory["node"].schema, first.schema);
}

TEST_F(Tables, OfASeatThatWasMadeAnewAreTaken) {
  std::map<std::string, SeatMemory> memory;
  options_.remembered = [&](const std::string& name) {
    return Result<SeatMemory>(memory[name]);
  };
  options_.on_taken = [&](const std::string& name, const SeatMemory& taken) {
    memory[name] = taken;
  };
  write_log();
  {
    const auto seats = SeatTable::open(options_, false);
    ASSERT_TRUE(seats);
    const auto taken = (*seats)->take("node", std::chrono::seconds(60));
    ASSERT_TRUE(taken) << taken.error().message;
    ASSERT_TRUE((*seats)->remove("node", *taken));
    EXPECT_EQ(admin_.run("select count(*) from " + schema_ + ".segments"), "0");
  }
  EXPECT_TRUE(start());
}

}  // namespace
}  // namespace millrace::postgres_log
