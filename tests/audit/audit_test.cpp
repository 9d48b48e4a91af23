// Promises of the audit: sound directories pass; whatever is taken away, repeated or altered in the
// files, or in the records behind right checksums, is found, with directory, file and place. The
// directories are written by the real journal.
#include "apps/audit/audit.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/base/temporary_directory.hpp"
#include "tests/audit/planted_log.hpp"

namespace millrace::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t messages = 30;

class AuditTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = TemporaryDirectory::make("audit-");
    ASSERT_TRUE(made);
    directory_ = std::make_unique<TemporaryDirectory>(std::move(*made));
    a_ = directory_->path() / "a";
    b_ = directory_->path() / "b";
  }

  // Node a takes 30 messages and handles each, which puts one into its outbox for b.
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
    // All but the last two were handed over.
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

  Report audit_both() {
    const std::vector<fs::path> paths{a_, b_};
    auto read = audit(paths);
    if (!read) {
      ADD_FAILURE() << read.error().message;
      return {};
    }
    return read->report;
  }

  void write_both() {
    write_log(a_, records_of_a());
    write_log(b_, records_of_b());
  }

  // Expects a finding about `about` in `directory` whose text contains `text`.
  static void expect_found(const Report& report, About about, const fs::path& directory,
                           const std::string& text) {
    EXPECT_FALSE(report.passed());
    const auto& findings = report.check(about).findings;
    const bool found = std::any_of(findings.begin(), findings.end(), [&](const Finding& one) {
      return one.directory == directory.string() && one.text.find(text) != std::string::npos;
    });
    std::string all;
    for (const Check& check : report.checks()) {
      for (const Finding& one : check.findings) {
        all += check.name + ": " + one.directory + "/" + one.file + ": " + one.text + "\n";
      }
    }
    EXPECT_TRUE(found) << "expected \"" << text << "\" in\n" << all;
  }

  static std::vector<fs::path> segments_of(const fs::path& directory) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(directory / "segments")) {
      std::ifstream file(entry.path(), std::ios::binary);
      std::string magic(7, '\0');
      file.read(magic.data(), 7);
      if (magic == "MILLSEG") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  fs::path a_;
  fs::path b_;
  std::unique_ptr<TemporaryDirectory> directory_;
};

TEST_F(AuditTest, PassesSoundDirectories) {
  write_both();
  const Report report = audit_both();
  for (const Check& check : report.checks()) {
    EXPECT_TRUE(check.passed()) << check.name << ": " << check.findings[0].text;
  }
  EXPECT_GT(report.check(About::records).checked, 3 * messages);
  EXPECT_EQ(report.check(About::outboxes).checked, messages - 2);
  EXPECT_EQ(report.check(About::bodies).checked, messages + 1);  // 2 in a's outbox, 29 at b
  EXPECT_TRUE(report.check(About::outboxes).notes.empty());
}

TEST_F(AuditTest, FindsAFlippedByteInAnyRecord) {
  write_both();
  const fs::path segment = segments_of(a_).front();
  for (const std::uint64_t offset : {4096U + 10, 4096U + 50, 2 * 4096U + 3}) {
    std::fstream file(segment, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(offset));
    const char before = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(before ^ 4)).flush();
    expect_found(audit_both(), About::records, a_, "expected record");
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(before).flush();
  }
  EXPECT_TRUE(audit_both().passed());
}

TEST_F(AuditTest, FindsEachMissingSegment) {
  write_both();
  const std::vector<fs::path> segments = segments_of(a_);
  ASSERT_GT(segments.size(), 3U);
  for (const fs::path& segment : segments) {
    const fs::path aside = directory_->path() / "aside";
    fs::rename(segment, aside);
    const Report report = audit_both();
    EXPECT_FALSE(report.passed()) << segment;
    EXPECT_FALSE(report.check(About::records).passed()) << segment;
    fs::rename(aside, segment);
  }
  EXPECT_TRUE(audit_both().passed());
}

TEST_F(AuditTest, FindsAnOfferThatWasTakenOutOfTheLog) {
  auto records = records_of_a();
  records.erase(records.begin() + 10);
  write_log(a_, records);
  write_log(b_, records_of_b());
  const Report report = audit_both();
  expect_found(report, About::producers, a_, "expected number 8, it settles 9");
  expect_found(report, About::messages, a_, "was never appended");
}

TEST_F(AuditTest, FindsARecordThatIsThereTwice) {
  auto records = records_of_a();
  records.insert(records.begin() + 11, records[10]);
  write_log(a_, records);
  write_log(b_, records_of_b());
  const Report report = audit_both();
  expect_found(report, About::producers, a_, "expected number 9, it settles 8");
  expect_found(report, About::messages, a_, "is appended again");
}

TEST_F(AuditTest, FindsAMessageThatIsHandledTwice) {
  auto records = records_of_a();
  records.push_back(acking(1, 5));
  write_log(a_, records);
  write_log(b_, records_of_b());
  expect_found(audit_both(), About::messages, a_, "message 5 is acked, and was removed before");
}

TEST_F(AuditTest, FindsADeathWithoutADeadLetter) {
  auto records = records_of_a();
  records.push_back(changing(2));
  pb::Death& death = *records.back().mutable_change(0)->add_death();
  death.set_sequence(messages);
  write_log(a_, records);
  write_log(b_, records_of_b());
  expect_found(audit_both(), About::messages, a_, "without a dead letter");
}

TEST_F(AuditTest, FindsAHandedOverMessageThatTheTargetLacks) {
  auto records = records_of_b();
  records.resize(records.size() - 5);
  write_log(a_, records_of_a());
  write_log(b_, records);
  expect_found(audit_both(), About::outboxes, b_,
               "messages up to number 28 were handed over; the target has them up to 24");
}

TEST_F(AuditTest, FindsAMessageThatTheTargetReplaced) {
  auto records = records_of_b();
  records[9].mutable_change(0)->mutable_append(0)->set_payload("another one");
  write_log(a_, records_of_a());
  write_log(b_, records);
  expect_found(audit_both(), About::outboxes, b_, "number 8 is another message at the target");
}

TEST_F(AuditTest, FindsATargetThatForgotTheOutbox) {
  write_log(a_, records_of_a());
  write_log(b_, {declaring(7, "out")});
  expect_found(audit_both(), About::outboxes, b_, "the target has none of them");
}

TEST_F(AuditTest, FindsADirectoryThatIsAnOlderCopy) {
  auto records = records_of_a();
  records.resize(3 + messages + 10);  // ten were put into the outbox
  write_log(a_, records);
  write_log(b_, records_of_b());
  expect_found(audit_both(), About::outboxes, a_, "its directory is an older copy");
}

TEST_F(AuditTest, FindsTwoOwnersOfAShardInOneEpoch) {
  auto records_a = records_of_a();
  auto records_b = records_of_b();
  for (auto* records : {&records_a, &records_b}) {
    pb::ShardRecord& shard = *records->emplace_back().add_shard();
    shard.mutable_ownership()->set_epoch(2);
    shard.mutable_ownership()->set_owner(records == &records_a ? "a" : "b");
  }
  write_log(a_, records_a);
  write_log(b_, records_b);
  expect_found(audit_both(), About::ownership, b_, "belongs to b in epoch 2, and to a");
}

TEST_F(AuditTest, FindsAQueueThatTwoNodesServe) {
  auto records = records_of_b();
  records.insert(records.begin(), declaring(8, "in"));
  write_log(a_, records_of_a());
  write_log(b_, records);
  expect_found(audit_both(), About::ownership, b_, "is served here and in");
}

TEST_F(AuditTest, ComparesACheckpointWithTheRecordsBeforeIt) {
  const std::vector<pb::Record> records{declaring(1, "in"), attaching(1, "client"),
                                        offering(1, "client", 1, 1), acking(1, 1)};
  std::vector<pb::SnapshotPart> parts(2);
  pb::QueueHead& head = *parts[0].mutable_head();
  *head.mutable_declaration() = records[0].declare(0);
  head.set_last(1);
  head.set_offered(1);
  head.set_acked(1);
  pb::Producers::Producer& producer = *parts[1].mutable_producers()->add_producer();
  producer.set_name("client");
  producer.set_epoch(1);
  producer.set_last(1);
  const std::vector<fs::path> paths{a_};
  write_log(a_, records, parts);
  auto read = audit(paths);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->report.passed());
  producer.set_last(2);
  write_log(a_, records, parts);
  read = audit(paths);
  ASSERT_TRUE(read);
  expect_found(read->report, About::checkpoints, a_, "other numbers of producers");
}

TEST_F(AuditTest, LeavesTheFilesAlone) {
  write_both();
  std::vector<std::pair<std::string, fs::file_time_type>> before;
  std::vector<std::pair<std::string, fs::file_time_type>> after;
  const auto list = [&](auto& files) {
    for (const auto& entry : fs::recursive_directory_iterator(directory_->path())) {
      files.emplace_back(entry.path().string(), entry.last_write_time());
    }
    std::sort(files.begin(), files.end());
  };
  list(before);
  EXPECT_TRUE(audit_both().passed());
  list(after);
  EXPECT_EQ(before, after);
}

TEST_F(AuditTest, RefusesADirectoryInUseAndOneThatIsNone) {
  write_both();
  const std::vector<fs::path> paths{a_};
  const auto used =
      journal::DataDirectory::open(files::posix_file_system(), a_, logs::Opener::writer);
  ASSERT_TRUE(used);
  EXPECT_EQ(audit(paths).error().code, ErrorCode::storage_locked);
  const std::vector<fs::path> none{directory_->path()};
  EXPECT_EQ(audit(none).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace millrace::audit
