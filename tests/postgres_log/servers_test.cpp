// Promises of the engine about servers: one that does not promise enough is refused by one clear line, the
// primary is found among several hosts, a former primary is left, and no secret is told.
#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "actors/postgres_log/engine.hpp"
#include "actors/postgres_log/schema.hpp"
#include "tests/log/log_contract.hpp"
#include "tests/postgres_log/server_pair.hpp"
#include "tests/postgres_log/servers_fixture.hpp"

namespace millrace::postgres_log {
namespace {

class Servers : public ServersFixture {};

TEST_F(Servers, ThatMayLoseCommitsAreRefused) {
  for (const std::string name : {"fsync", "full_page_writes"}) {
    set(name, "off");
    const Error error = refused();
    EXPECT_EQ(error.code, ErrorCode::invalid_argument);
    EXPECT_NE(error.message.find(name + " is off"), std::string::npos);
    reset(name, "on");
  }
  set("synchronous_standby_names", "''");
  const Error error = refused();
  EXPECT_EQ(error.code, ErrorCode::invalid_argument);
  EXPECT_NE(error.message.find("synchronous_standby_names"), std::string::npos);
  options_.allow_unreplicated = true;
  auto process = start();
  ASSERT_TRUE(process);
  process->write(3, 10);
  ASSERT_EQ(process->contents.recovered.warnings.size(), 1u) << "it is told";
  EXPECT_NE(process->contents.recovered.warnings[0].find("allow_unreplicated"), std::string::npos);
  process.reset();
  reset("synchronous_standby_names", "standby");
}

TEST_F(Servers, ThatAreStandbysAreLeftForThePrimary) {
  options_.dsn = ServerPair::dsn(servers_.standby_directory()) + " dbname=postgres";
  const Error error = refused(logs::Opener::reader);
  EXPECT_EQ(error.code, ErrorCode::log_unreachable);
  EXPECT_NE(error.message.find("standby"), std::string::npos);
  // A writer waits: the standby may become the primary.
  PostgresEngine engine(options_);
  std::thread opening([&] { EXPECT_FALSE(engine.open(logs::Opener::writer)); });
  engine.cancel();
  opening.join();
  options_.dsn = "host=/nowhere," + servers_.standby_directory().string() + "," +
                 servers_.primary_directory().string() + " port=5432 user=millrace dbname=postgres";
  auto process = start();
  ASSERT_TRUE(process);
  process->write(3, 10);
}

TEST_F(Servers, AreAPairWhenTheStandbyWasStarted) {
  for (int i = 0; i < 3; ++i) {
    servers_.restart_standby();
    EXPECT_EQ(admin_.run("select count(*) > 0 from pg_stat_replication where state = 'streaming'"),
              "t")
        << "commits of the tests would wait";
  }
}

// The server ends a transaction whose session says nothing for ten seconds.
TEST_F(Servers, AreAskedForAShortTimeWhetherTheyWait) {
  SocketProxy silent(servers_.new_socket_directory(), servers_.primary_socket());
  silent.hold_all(true);
  auto dsn = Dsn::parse("host=" + silent.directory().string() + "," +
                        servers_.primary_directory().string() +
                        " port=5432 user=millrace dbname=postgres");
  ASSERT_TRUE(dsn) << dsn.error().message;
  Connector connector(*std::move(dsn), false, std::chrono::minutes(2), std::chrono::minutes(2));
  const Interrupt interrupt;
  connector.leave_host();  // the silent one
  const auto session = connector.connect(interrupt);
  ASSERT_TRUE(session) << session.error().message;
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(connector.awaited_standby(**session, interrupt));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(9));
}

TEST_F(Servers, ThatTakeNoWritesAreNotWrittenTo) {
  admin_.run("create role reader superuser login");
  admin_.run("alter role reader set default_transaction_read_only = on");
  options_.dsn =
      "host=" + servers_.primary_directory().string() + " port=5432 user=reader dbname=postgres";
  const Error error = refused(logs::Opener::reader);
  EXPECT_EQ(error.code, ErrorCode::log_unreachable);
  EXPECT_NE(error.message.find("default_transaction_read_only"), std::string::npos);
}

TEST_F(Servers, AreMadeToWaitForTheStandbyWhateverTheRoleSays) {
  admin_.run("create role hasty superuser login");
  admin_.run("alter role hasty set synchronous_commit = off");
  admin_.run("alter role hasty set statement_timeout = '200ms'");
  admin_.run("alter role hasty set default_transaction_isolation = 'serializable'");
  options_.dsn =
      "host=" + servers_.primary_directory().string() + " port=5432 user=hasty dbname=postgres";
  auto process = start();
  ASSERT_TRUE(process);
  servers_.hold_replication(true);
  EXPECT_TRUE(process->append("waits"));
  ASSERT_TRUE(process->listener.await([&] { return process->listener.outages() >= 1; }))
      << "a commit that is not answered for longer than the patience is an outage";
  EXPECT_EQ(process->listener.count(), 0u);
  servers_.hold_replication(false);
  ASSERT_TRUE(process->listener.await_records(1));
  ASSERT_TRUE(process->listener.await([&] { return process->listener.mends() >= 1; }));
}

TEST_F(Servers, RefuseUsersWithoutTellingTheirPasswords) {
  options_.dsn = "host=" + servers_.primary_directory().string() +
                 " port=5432 user=guarded password=topsecret dbname=postgres";
  const Error error = refused();
  EXPECT_EQ(error.code, ErrorCode::unauthenticated);
  EXPECT_EQ(error.message.find("topsecret"), std::string::npos);
  EXPECT_EQ(PostgresEngine(options_).where().find("topsecret"), std::string::npos);
  options_.dsn =
      "host=" + servers_.primary_directory().string() + " port=5432 user=refused dbname=postgres";
  EXPECT_EQ(refused().code, ErrorCode::unauthenticated);
  options_.dsn = "topsecret";
  EXPECT_EQ(refused().message.find("topsecret"), std::string::npos);
}

TEST_F(Servers, NeedAUserThatMayMakeTheSchema) {
  options_.dsn = "host=" + servers_.primary_directory().string() +
                 " port=5432 user=guarded password=known dbname=postgres";
  const Error error = refused();
  EXPECT_EQ(error.code, ErrorCode::invalid_argument);
  EXPECT_NE(error.message.find(schema_), std::string::npos);
  // The owner of the schema needs no more than that.
  admin_.run("create schema " + schema_ + " authorization guarded");
  auto process = start();
  ASSERT_TRUE(process);
  process->write(3, 10);
}

TEST_F(Servers, WithSchemasOfOthersAreRefused) {
  admin_.run("create schema " + schema_ + "; create table " + schema_ + ".mine()");
  EXPECT_EQ(refused().code, ErrorCode::foreign_file);
  admin_.run("drop schema " + schema_ + " cascade");
  start().reset();
  admin_.run("update " + schema_ + ".schema_version set version = 99");
  const Error error = refused();
  EXPECT_EQ(error.code, ErrorCode::unsupported_version);
  EXPECT_NE(error.message.find("99"), std::string::npos);
  EXPECT_EQ(refused(logs::Opener::reader).code, ErrorCode::unsupported_version);
}

TEST_F(Servers, WhoseTablesAreOlderThanTheOwnerAreLeft) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(3, 10);
  admin_.run("update " + schema_ + ".node set epoch = epoch - 1");
  EXPECT_TRUE(process->append("waits"));
  ASSERT_TRUE(process->listener.await([&] { return process->listener.outages() >= 1; }));
  EXPECT_FALSE(process->listener.failed()) << "a former primary fences nobody";
  admin_.run("update " + schema_ + ".node set epoch = epoch + 1");
  ASSERT_TRUE(process->listener.await_records(4));
  // The same of one that lacks confirmed records.
  admin_.run("create table kept as select * from " + schema_ + ".segment_1_1; delete from " +
             schema_ + ".segment_1_1");
  admin_.run(
      "select pg_terminate_backend(pid) from pg_stat_activity"
      " where application_name = 'millrace'");
  EXPECT_TRUE(process->append("waits again"));
  ASSERT_TRUE(process->listener.await([&] { return process->listener.outages() == 2; }));
  EXPECT_FALSE(process->listener.failed());
  admin_.run("insert into " + schema_ + ".segment_1_1 select * from kept; drop table kept");
  ASSERT_TRUE(process->listener.await_records(5));
}

TEST_F(Servers, TellAnOwnerThatWritesNothingThatItWasFenced) {
  auto former = start();
  ASSERT_TRUE(former);
  former->write(3, 10);
  auto owner = start();
  ASSERT_TRUE(owner);
  ASSERT_TRUE(former->listener.await_failed());
  EXPECT_EQ(former->listener.failed()->code, ErrorCode::fenced);
  owner->write(3, 10);
}

TEST_F(Servers, ThatFallSilentAreLeftWhenAnotherIsThePrimary) {
  options_.connect_timeout = std::chrono::milliseconds(500);
  SocketProxy silent(servers_.new_socket_directory(), servers_.primary_socket());
  options_.dsn = "host=" + silent.directory().string() + "," +
                 servers_.standby_directory().string() + " port=5432 user=millrace dbname=postgres";
  auto process = start_with_ten();
  ASSERT_TRUE(process);
  // Of a server that is paused nothing is heard, and no connection breaks.
  silent.hold_answers(true);
  process->append_numbers(11, 20);
  ASSERT_TRUE(process->listener.await([&] { return process->listener.outages() >= 1; }));
  EXPECT_EQ(process->listener.count(), 10u);
  servers_.fail_over();
  ASSERT_TRUE(process->listener.await_records(20));
  const std::vector<logs::Record> records = process->listener.records();
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].body, logs::body_of(i + 1));
  }
  process.reset();
}

TEST_F(Servers, WhoseWarningsAreHiddenAreBelievedNoMore) {
  options_.dsn += " options='-c client_min_messages=error'";
  auto process = start_with_ten();
  ASSERT_TRUE(process);
  servers_.hold_replication(true);
  process->append_numbers(11, 11);
  const std::string waiting = " from pg_stat_activity where wait_event = 'SyncRep'";
  await([&] { return admin_.run("select count(*)" + waiting) != "0"; });
  // A commit that is cancelled while it waits for the standby answers like any other, but for a warning.
  admin_.run("select pg_cancel_backend(pid)" + waiting);
  ASSERT_TRUE(process->listener.await([&] { return process->listener.outages() >= 1; }));
  EXPECT_EQ(process->listener.count(), 10u);
  servers_.hold_replication(false);
  ASSERT_TRUE(process->listener.await_records(11));
  process.reset();
}

TEST_F(Servers, WhoseStandbyIsAwayAreWaitedForByAStartThatSaysSo) {
  options_.tell_interval = std::chrono::milliseconds(50);
  std::mutex mutex;
  std::vector<std::string> told;
  options_.on_wait = [&](const Error& reason) {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(reason.code, ErrorCode::log_unreachable);
    told.push_back(reason.message);
  };
  const auto told_times = [&](const std::string& part) {
    const std::lock_guard lock(mutex);
    return std::count_if(told.begin(), told.end(), [&](const std::string& one) {
      return one.find(part) != std::string::npos;
    });
  };
  servers_.hold_replication(true);
  PostgresEngine engine(options_);
  // The first start waits with the making of the schema, a later one with the taking of the seat.
  for (const int times : {1, 2}) {
    std::thread opening([&] { EXPECT_TRUE(engine.open(logs::Opener::writer)); });
    await([&] { return told_times("waits for its synchronous standby") == times; });
    EXPECT_EQ(told_times(servers_.primary_directory().string() + ":5432"), times);
    EXPECT_EQ(told_times("synchronous_standby_names is standby"), times);
    servers_.hold_replication(false);
    opening.join();
    servers_.hold_replication(true);
  }
  servers_.hold_replication(false);
}

TEST_F(Servers, ThatAreAwayForAnotherReasonAreToldOfAgain) {
  options_.tell_interval = std::chrono::milliseconds(20);
  auto process = start_with_ten();
  ASSERT_TRUE(process);
  servers_.hold_replication(true);
  process->append_numbers(11, 11);
  ASSERT_TRUE(process->listener.await([&] { return process->listener.outages() == 1; }));
  EXPECT_NE(process->listener.reasons().front().find("standby"), std::string::npos);
  set("synchronous_standby_names", "''");
  admin_.run(
      "select pg_terminate_backend(pid) from pg_stat_activity"
      " where application_name = 'millrace'");
  await([&] {
    return process->listener.reasons().back().find("synchronous_standby_names is empty") !=
           std::string::npos;
  });
  const std::size_t count = process->listener.reasons().size();
  EXPECT_LE(count, 4u) << "each attempt has the same reason";
  EXPECT_EQ(process->listener.outages(), 1);
  EXPECT_EQ(process->log->stats().outages, 1u);
  reset("synchronous_standby_names", "standby");
  servers_.hold_replication(false);
  ASSERT_TRUE(process->listener.await_records(11));
  ASSERT_TRUE(process->listener.await([&] { return process->listener.mends() == 1; }));
}

TEST_F(Servers, ThatRefuseConnectionsAreWaitedForByAColdRead) {
  auto process = start_with_ten();
  ASSERT_TRUE(process);
  const logs::Record record = process->listener.records()[4];
  set("synchronous_standby_names", "''");
  const auto sessions = [&] {
    return std::stol(
        admin_.run("select sessions from pg_stat_database where datname = 'postgres'"));
  };
  const long before = sessions();
  std::thread reader([&] {
    const auto body = process->log->read(record.place);
    EXPECT_TRUE(body) << body.error().message;
    if (body) {
      EXPECT_EQ(*body, record.body);
    }
  });
  await([&] { return sessions() >= before + 3; });  // each one was refused
  EXPECT_FALSE(process->listener.failed());
  reset("synchronous_standby_names", "standby");
  reader.join();
}

TEST_F(Servers, ThatAreWellButDoNotHearAConnectionAreAskedOnAnother) {
  SocketProxy proxy(servers_.new_socket_directory(), servers_.primary_socket());
  options_.dsn = ServerPair::dsn(proxy.directory()) + " dbname=postgres";
  auto process = start_with_ten();
  ASSERT_TRUE(process);
  // What the group's session sends is lost, and nothing breaks: as on a network that forgets a connection.
  proxy.freeze_next_group();
  process->append_numbers(11, 11);
  ASSERT_TRUE(proxy.await_frozen());
  process->append_numbers(12, 20);
  ASSERT_TRUE(process->listener.await_records(20));
  const std::vector<logs::Record> records = process->listener.records();
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].body, logs::body_of(i + 1));
  }
  process.reset();
}

TEST_F(Servers, WhoseStandbyIsTakenOutConfirmNothingMore) {
  auto process = start_with_ten();
  ASSERT_TRUE(process);
  servers_.hold_replication(true);
  process->append_numbers(11, 11);
  await([&] {
    return admin_.run("select count(*) from pg_stat_activity where wait_event = 'SyncRep'") != "0";
  });
  set("synchronous_standby_names", "''");  // lets the commit go
  ASSERT_TRUE(process->listener.await([&] { return process->listener.outages() >= 1; }));
  process->append_numbers(12, 20);
  EXPECT_EQ(process->listener.count(), 10u);
  reset("synchronous_standby_names", "standby");
  servers_.hold_replication(false);
  ASSERT_TRUE(process->listener.await_records(20));
  process.reset();
}

TEST_F(Servers, ThatWaitForTheRestOfAGroupHoldUpNoTakeover) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(5, 100);
  process.reset();
  // As a process leaves it whose machine dies while it sends a group: nothing more comes.
  Admin dead(servers_.primary_directory());
  const std::string number = dead.run("select number from " + schema_ + ".node");
  dead.run("begin; select pg_advisory_xact_lock_shared(" + std::to_string(lock_class(schema_)) +
           ", " + number + ")");
  process = start();
  ASSERT_TRUE(process);
  EXPECT_EQ(process->contents.records.size(), 5u);
  process->write(1, 100);
  process.reset();
}

TEST_F(Servers, ThatBreakConnectionsDuringARecoveryAreReadFurther) {
  options_.segment_bytes = 256u << 10;
  auto process = start();
  ASSERT_TRUE(process);
  process->write(40, 20'000);
  ASSERT_TRUE(process->checkpoint(31));  // with part of the log behind it
  process->write(40, 20'000);
  process.reset();
  SocketProxy proxy(servers_.new_socket_directory(), servers_.primary_socket());
  options_.dsn = ServerPair::dsn(proxy.directory()) + " dbname=postgres";
  PostgresEngine engine(options_);
  auto opened = engine.open(logs::Opener::writer);
  ASSERT_TRUE(opened) << opened.error().message;
  std::vector<logs::Lsn> seen;
  const auto recovered =
      (*opened)->recover([](logs::Section, std::string_view) { return Result<void>{}; },
                         [&](const logs::Frame& frame) {
                           seen.push_back(frame.lsn);
                           if (seen.size() == 3 || seen.size() == 20) {
                             proxy.cut(true);  // what has not arrived never does
                             proxy.cut(false);
                           }
                           return Result<void>{};
                         });
  ASSERT_TRUE(recovered) << recovered.error().message;
  ASSERT_EQ(seen.size(), 50u) << "each record once";
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], 31 + i);
  // Of an owner that was fenced meanwhile nothing is recovered.
  PostgresEngine fenced(options_);
  auto first = fenced.open(logs::Opener::writer);
  ASSERT_TRUE(first);
  std::size_t count = 0;
  options_.dsn = ServerPair::dsn(servers_.primary_directory()) + " dbname=postgres";
  const auto refused =
      (*first)->recover([](logs::Section, std::string_view) { return Result<void>{}; },
                        [&](const logs::Frame&) {
                          if (++count == 3) {
                            EXPECT_TRUE(PostgresEngine(options_).open(logs::Opener::writer));
                            proxy.cut(true);
                            proxy.cut(false);
                          }
                          return Result<void>{};
                        });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::fenced) << refused.error().message;
}

TEST_F(Servers, ThatLostConfirmedRecordsOpenNoLog) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(1, 10);
  process->write(1, 10);
  process->write(1, 10);
  process.reset();
  admin_.run("delete from " + schema_ + ".segment_1_1 where lsn = 2");
  const Error error = refused();
  EXPECT_EQ(error.code, ErrorCode::corrupt);
  EXPECT_NE(error.message.find("record 2 is missing"), std::string::npos);
}

TEST_F(Servers, FreeTheTablesOfReleasedSegmentsAndOldCheckpoints) {
  options_.segment_bytes = 64u << 10;
  auto process = start();
  ASSERT_TRUE(process);
  for (int i = 0; i < 3; ++i) {
    process->write(20, 10'000);
    ASSERT_TRUE(process->checkpoint(process->log->stats().durable_lsn + 1));
    process->log->release_before(process->log->stats().current_segment);
  }
  const auto tables = [&](const std::string& prefix) {
    return std::stoi(
        admin_.run("select count(*) from pg_class c join pg_namespace n on n.oid ="
                   " relnamespace where relkind = 'r' and nspname = '" +
                   schema_ + "' and starts_with(relname::text, '" + prefix + "')"));
  };
  // Somebody who reads a table holds nothing else up, and the table is dropped later.
  await([&] { return tables("segment_") <= 4 && tables("checkpoint_") == 1; });
  process->write(3, 10);
}

TEST_F(Servers, ThatSomebodyReadsHoldUpNoAppend) {
  options_.segment_bytes = 64u << 10;
  auto process = start();
  ASSERT_TRUE(process);
  process->write(20, 10'000);
  ASSERT_TRUE(process->checkpoint(21));
  Admin reader(servers_.primary_directory());
  reader.run("begin; select count(*) from " + schema_ + ".segment_1_1");
  process->log->release_before(process->log->stats().current_segment);
  process->write(20, 10'000);
  const std::string exists = "select to_regclass('" + schema_ + ".segment_1_1') is null";
  EXPECT_EQ(admin_.run(exists), "f");
  reader.run("commit");
  await([&] { return admin_.run(exists) == "t"; });
}

}  // namespace
}  // namespace millrace::postgres_log
