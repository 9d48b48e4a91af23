// Promises of the audit of logs in PostgreSQL: sound logs pass; a row or part of a checkpoint that is missing
// or altered is found, with table and record; what lies behind a gap that was never confirmed is no fault;
// no process takes the seat meanwhile. The logs are written by the real engine.
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/base/temporary_directory.hpp"
#include "actors/postgres_log/core/row_format.hpp"
#include "actors/postgres_log/engine.hpp"
#include "actors/state_store/copy_files.hpp"
#include "actors/state_store/rocks_table.hpp"
#include "apps/audit/audit.hpp"
#include "apps/audit/database/database_log.hpp"
#include "apps/audit/disk/directory_log.hpp"
#include "tests/audit/planted_log.hpp"
#include "tests/postgres_log/server_pair.hpp"

namespace millrace::audit {
namespace {

using postgres_log::Admin;
using postgres_log::PostgresEngine;
using postgres_log::ServerPair;

constexpr std::uint64_t messages = 30;

class DatabaseAudit : public ::testing::Test {
 protected:
  DatabaseAudit() : directory_(ServerPair::shared().primary_directory()), admin_(directory_) {
    static int count = 0;
    schema_ = "audit" + std::to_string(++count);
  }

  [[nodiscard]] std::string dsn() const { return ServerPair::dsn(directory_) + " dbname=postgres"; }
  [[nodiscard]] postgres_log::Options options(const std::string& node) const {
    postgres_log::Options made;
    made.dsn = dsn();
    made.schema = schema_;
    made.node = node;
    made.holder = "test";
    made.segment_bytes = 64U << 10;
    made.group_bytes_max = 16U << 10;
    return made;
  }

  // Writes `records` as the log of `node`, one group each; a checkpoint of the first `covered` ones.
  void write(const std::string& node, const std::vector<pb::Record>& records,
             const std::vector<pb::SnapshotPart>& checkpoint = {}, std::uint64_t covered = 0) {
    PostgresEngine engine(options(node));
    auto opened = engine.open(logs::Opener::writer);
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_TRUE((*opened)->recover([](auto, auto) { return Result<void>{}; },
                                   [](const auto&) { return Result<void>{}; }));
    WaitingListener listener;
    auto log = (*opened)->start(listener);
    ASSERT_TRUE(log) << log.error().message;
    std::size_t written = 0;
    for (const pb::Record& record : records) {
      auto proposal = std::make_shared<logs::Proposal>();
      proposal->body = record.SerializeAsString();
      ASSERT_TRUE((*log)->append(std::move(proposal)));
      ASSERT_TRUE(listener.wait_for(++written));
      if (written != covered) continue;
      const auto saved =
          (*log)->write_checkpoint(covered + 1, [&](logs::CheckpointWriter& out) -> Result<void> {
            for (const pb::SnapshotPart& part : checkpoint) {
              if (auto added = out.add(1, part.SerializeAsString()); !added) return added;
            }
            return {};
          });
      ASSERT_TRUE(saved) << saved.error().message;
    }
    (*log)->stop();
  }

  // Takes 30 messages and handles each, which puts one into its outbox for b.
  static std::vector<pb::Record> records_of_a() {
    std::vector<pb::Record> records{declaring(1, "in"), declaring(2, "outbox/out", "a's outbox"),
                                    attaching(1, "client")};
    for (std::uint64_t i = 1; i <= messages; ++i) {
      records.push_back(offering(1, "client", i, i, 8'000));
    }
    for (std::uint64_t i = 1; i <= messages; ++i) {
      pb::Record handled = acking(1, i);
      pb::Change& change = *handled.add_change();
      change.set_queue(2);
      append(change, 1'000 + i);
      records.push_back(std::move(handled));
    }
    for (std::uint64_t i = 1; i <= messages - 2; ++i) records.push_back(acking(2, i));
    return records;
  }
  static std::vector<pb::Record> records_of_b() {
    std::vector<pb::Record> records{declaring(7, "out"), attaching(7, "a's outbox")};
    for (std::uint64_t i = 1; i <= messages - 1; ++i) {
      records.push_back(offering(7, "a's outbox", i, 1'000 + i));
    }
    return records;
  }
  // The state after the first three records of a.
  static std::vector<pb::SnapshotPart> begin_of_a() {
    std::vector<pb::SnapshotPart> parts(3);
    *parts[0].mutable_head()->mutable_declaration() = declaring(1, "in").declare(0);
    parts[0].mutable_head()->set_at_us(2'000'000);
    auto& producer = *parts[1].mutable_producers()->add_producer();
    producer.set_name("client");
    producer.set_epoch(1);
    producer.set_active_at_us(2'000'000);
    *parts[2].mutable_head()->mutable_declaration() =
        declaring(2, "outbox/out", "a's outbox").declare(0);
    parts[2].mutable_head()->set_at_us(1'000'000);
    return parts;
  }

  Result<std::unique_ptr<NodeLog>> open(const std::string& node) {
    return open_database({dsn(), schema_, node});
  }
  Report audit_of(const std::vector<std::string>& nodes) {
    std::vector<std::unique_ptr<NodeLog>> logs;
    for (const std::string& node : nodes) {
      auto log = open(node);
      if (!log) {
        ADD_FAILURE() << log.error().message;
        return {};
      }
      logs.push_back(*std::move(log));
    }
    const auto read = audit(std::move(logs));
    if (!read) {
      ADD_FAILURE() << read.error().message;
      return {};
    }
    return read->report;
  }

  static std::string text_of(const Report& report) {
    std::string all;
    for (const Check& check : report.checks()) {
      for (const Finding& one : check.findings) {
        all += check.name + ": " + one.file + " record " + std::to_string(one.record) + ": " +
               one.text + "\n";
      }
    }
    return all;
  }
  static void expect_passed(const Report& report) {
    EXPECT_TRUE(report.passed()) << text_of(report);
    EXPECT_GT(report.check(About::records).checked, messages);
  }
  static void expect_found(const Report& report, About about, const std::string& table,
                           std::uint64_t record, const std::string& text) {
    EXPECT_FALSE(report.passed());
    const auto& findings = report.check(about).findings;
    EXPECT_TRUE(std::any_of(findings.begin(), findings.end(),
                            [&](const Finding& one) {
                              return one.file.starts_with(table) && one.record == record &&
                                     one.text.find(text) != std::string::npos;
                            }))
        << "expected \"" << text << "\" in\n"
        << text_of(report);
  }

  // The table of node a that holds the row of record `lsn`.
  std::string table_with(std::uint64_t lsn) {
    for (int segment = 1;; ++segment) {
      const std::string table = schema_ + ".segment_1_" + std::to_string(segment);
      if (admin_.run("select count(*) from " + table + " where lsn = " + std::to_string(lsn)) ==
          "1") {
        return table;
      }
    }
  }
  void change(std::uint64_t lsn, const std::string& assignment) {
    admin_.run("update " + table_with(lsn) + " set " + assignment +
               " where lsn = " + std::to_string(lsn));
  }
  void remove(std::uint64_t lsn) {
    admin_.run("delete from " + table_with(lsn) + " where lsn = " + std::to_string(lsn));
  }

  const std::filesystem::path directory_;
  Admin admin_;
  std::string schema_;
};

TEST_F(DatabaseAudit, PassesSoundLogs) {
  write("a", records_of_a(), begin_of_a(), 3);
  write("b", records_of_b());
  const Report report = audit_of({"a", "b"});
  expect_passed(report);
  EXPECT_EQ(report.check(About::outboxes).checked, messages - 2);
  EXPECT_EQ(report.check(About::bodies).checked, messages + 1);
  EXPECT_GT(report.check(About::files).checked, 6u) << "several segments";
  EXPECT_EQ(report.check(About::checkpoints).checked, 2u) << "whole, and equal to the records";
}

TEST_F(DatabaseAudit, ComparesALogWithADirectory) {
  const auto folder = TemporaryDirectory::make("audit-");
  ASSERT_TRUE(folder);
  write("a", records_of_a());
  write_log(folder->path() / "b", records_of_b());
  std::vector<std::unique_ptr<NodeLog>> logs;
  logs.push_back(*open("a"));
  logs.push_back(*open_directory(folder->path() / "b"));
  const auto read = audit(std::move(logs));
  ASSERT_TRUE(read) << read.error().message;
  expect_passed(read->report);
  EXPECT_EQ(read->report.check(About::outboxes).checked, messages - 2);
}

TEST_F(DatabaseAudit, FindsAnAlteredRow) {
  write("a", records_of_a());
  change(20, "frames = set_byte(frames, 60, get_byte(frames, 60) # 1)");
  expect_found(audit_of({"a"}), About::records, "segment_1_", 20, "intact");
}

TEST_F(DatabaseAudit, FindsAWrongCount) {
  write("a", records_of_a());
  change(20, "count = 2");
  expect_found(audit_of({"a"}), About::records, "segment_1_", 20, "the frame of record 20");
}

TEST_F(DatabaseAudit, FindsAMissingRow) {
  write("a", records_of_a());
  remove(20);
  expect_found(audit_of({"a"}), About::records, "segment_1_", 20, "it was confirmed");
}

TEST_F(DatabaseAudit, FindsATableThatWasDropped) {
  const std::vector<pb::Record> records = records_of_a();
  write("a", records);
  const std::string newest = table_with(records.size());
  admin_.run("drop table " + newest);
  expect_found(audit_of({"a"}), About::files, newest.substr(schema_.size() + 1), 0,
               "expected the table");
}

TEST_F(DatabaseAudit, FindsARowUnderAnotherNumber) {
  write("a", records_of_a());
  change(50, "lsn = 1050");
  expect_found(audit_of({"a"}), About::records, "segment_1_", 50, "it was confirmed");
}

TEST_F(DatabaseAudit, FindsTheEndMissingThatTheCheckpointStates) {
  write("a", {declaring(1, "in"), attaching(1, "client"), offering(1, "client", 1, 1)},
        begin_of_a(), 3);
  remove(3);
  expect_found(audit_of({"a"}), About::records, "segments", 3, "checkpoint_1_");
}

TEST_F(DatabaseAudit, TakesAnUnconfirmedRowBehindAGapForNoFault) {
  const std::vector<pb::Record> records = records_of_a();
  write("a", records);
  const std::uint64_t last = records.size();
  auto proposal = std::make_shared<logs::Proposal>();
  proposal->body = acking(1, 1).SerializeAsString();  // would be refused
  std::vector<logs::Committed> group{{0, {}, proposal}};
  const std::string table = table_with(last);
  const auto segment = static_cast<std::uint32_t>(std::stoul(table.substr(table.rfind('_') + 1)));
  std::string row;
  postgres_log::encode_row(group, {segment, last - 1, last + 2}, last, row);
  std::string hex;
  for (const char c : row) {
    constexpr const char* digits = "0123456789abcdef";
    hex += digits[static_cast<unsigned char>(c) >> 4];
    hex += digits[static_cast<unsigned char>(c) & 15];
  }
  admin_.run("insert into " + table + " values (" + std::to_string(last + 2) + ", 1, '\\x" + hex +
             "')");
  const Report report = audit_of({"a"});
  expect_passed(report);
  EXPECT_EQ(report.check(About::records).checked, last);
}

TEST_F(DatabaseAudit, FindsADamagedCheckpoint) {
  write("a", records_of_a(), begin_of_a(), 3);
  const std::string table = schema_ + ".checkpoint_1_1";
  admin_.run("update " + table + " set bytes = set_byte(bytes, 50, get_byte(bytes, 50) # 1)");
  expect_found(audit_of({"a"}), About::checkpoints, "checkpoint_1_1", 0, "chunk 0");
  admin_.run("delete from " + table);
  expect_found(audit_of({"a"}), About::checkpoints, "checkpoint_1_1", 0, "part 0");
  admin_.run("drop table " + table);
  expect_found(audit_of({"a"}), About::checkpoints, "checkpoint_1_1", 0, "part 0");
}

TEST_F(DatabaseAudit, FindsACheckpointThatDiffersFromTheRecords) {
  auto parts = begin_of_a();
  parts[1].mutable_producers()->mutable_producer(0)->set_last(7);
  write("a", records_of_a(), parts, 3);
  expect_found(audit_of({"a"}), About::checkpoints, "checkpoint_1_1", 3, "differs");
}

TEST_F(DatabaseAudit, ChecksKeyedStatesWhoseFilesAreTables) {
  const auto folder = TemporaryDirectory::make("audit-");
  ASSERT_TRUE(folder);
  PostgresEngine engine(options("a"));
  auto opened = engine.open(logs::Opener::writer);
  ASSERT_TRUE(opened) << opened.error().message;
  ASSERT_TRUE((*opened)->recover([](auto, auto) { return Result<void>{}; },
                                 [](const auto&) { return Result<void>{}; }));
  WaitingListener listener;
  auto log = (*opened)->start(listener);
  ASSERT_TRUE(log) << log.error().message;
  pb::Record handled = acking(1, 1);
  auto& change = *handled.mutable_change(0)->add_state();
  change.set_key("k");
  change.set_value("v");
  std::size_t written = 0;
  for (const pb::Record& record :
       {declaring(1, "in"), attaching(1, "client"), offering(1, "client", 1, 1), handled}) {
    auto proposal = std::make_shared<logs::Proposal>();
    proposal->body = record.SerializeAsString();
    ASSERT_TRUE((*log)->append(std::move(proposal)));
    ASSERT_TRUE(listener.wait_for(++written));
  }
  constexpr std::uint64_t id = 77;
  std::vector<pb::SnapshotPart> parts(3);
  pb::StateCopy& copy = *parts[0].mutable_state_copy();
  {
    states::StateStore store(states::make_rocks_table(folder->path(), logs::Opener::writer));
    ASSERT_TRUE(store.open(std::nullopt));
    queues::StateWrite write{.queue = 1, .lsn = written};
    write.keys.push_back({.key = "k",
                          .next = queues::KeyWrite::Value::set,
                          .value = std::make_shared<const std::string>("v"),
                          .age_us = 0});
    ASSERT_TRUE(store.write(write));
    ASSERT_TRUE(store.save(written, id));
    states::CopyFiles files(folder->path());
    files.use(*(*log)->files());
    const auto put = files.put(written);
    ASSERT_TRUE(put) << put.error().message;
    copy.set_number(written);
    copy.set_id(id);
    for (const states::CopyFile& one : *put) {
      pb::StateCopy::File& file = *copy.add_file();
      file.set_name(one.name);
      file.set_number(one.number);
      file.set_bytes(one.bytes);
      file.set_hash(one.hash);
    }
  }
  pb::QueueHead& head = *parts[1].mutable_head();
  *head.mutable_declaration() = declaring(1, "in").declare(0);
  head.set_last(1);
  head.set_offered(1);
  head.set_acked(1);
  head.set_at_us(2'000'000);
  head.set_stored(true);
  auto& producer = *parts[2].mutable_producers()->add_producer();
  producer.set_name("client");
  producer.set_epoch(1);
  producer.set_last(1);
  producer.set_active_at_us(2'000'000);
  ASSERT_TRUE(
      (*log)->write_checkpoint(written + 1, [&](logs::CheckpointWriter& out) -> Result<void> {
        for (const pb::SnapshotPart& part : parts) {
          if (auto added = out.add(1, part.SerializeAsString()); !added) return added;
        }
        return {};
      }));
  (*log)->stop();
  log->reset();

  const Report sound = audit_of({"a"});
  EXPECT_TRUE(sound.passed()) << text_of(sound);
  EXPECT_GT(sound.check(About::states).checked, 0u);
  std::string table;
  for (const pb::StateCopy::File& file : copy.file()) {
    if (file.name().ends_with(".sst")) {
      table = schema_ + ".file_1_" + std::to_string(file.number());
    }
  }
  ASSERT_FALSE(table.empty());
  admin_.run("update " + table + " set bytes = set_byte(bytes, 9, get_byte(bytes, 9) # 1)");
  expect_found(audit_of({"a"}), About::checkpoints, "state of record 4", written, "another hash");
  admin_.run("drop table " + table);
  expect_found(audit_of({"a"}), About::checkpoints, "state of record 4", written, "is missing");
}

TEST_F(DatabaseAudit, RefusesWhatIsNotThere) {
  EXPECT_EQ(open("a").error().code, ErrorCode::not_found);
  write("a", records_of_b());
  EXPECT_EQ(open("b").error().code, ErrorCode::not_found);
  EXPECT_EQ(open_database({dsn(), "no\"schema", "a"}).error().code, ErrorCode::invalid_argument);
  const auto refused = open_database({"password=secret nonsense", schema_, "a"});
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
}

TEST_F(DatabaseAudit, RefusesASeatThatIsHeld) {
  write("a", records_of_a());
  admin_.run("update " + schema_ + ".node set lease_until = now() + interval '1 hour'");
  EXPECT_EQ(open("a").error().code, ErrorCode::storage_locked);
  admin_.run("update " + schema_ + ".node set holder = 'moved to the moon'");
  EXPECT_TRUE(open("a")) << "nobody takes it any more";
}

TEST_F(DatabaseAudit, KeepsTheSeatFromBeingTaken) {
  write("a", records_of_a());
  auto log = open("a");
  ASSERT_TRUE(log) << log.error().message;
  PostgresEngine engine(options("a"));
  Result<std::unique_ptr<logs::OpenedLog>> opened = Error{ErrorCode::draining, ""};
  std::thread opening([&] { opened = engine.open(logs::Opener::writer); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (admin_.run("select count(*) from pg_locks where locktype = 'advisory' and not granted") !=
         "1") {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
  log->reset();
  opening.join();
  EXPECT_TRUE(opened) << opened.error().message;
}

}  // namespace
}  // namespace millrace::audit
