// Promises of every log whose server cannot be reached: nothing is confirmed meanwhile, nothing
// fails, and afterwards each accepted record is in the log once, whatever became of the commits
// that were in doubt.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/log/log_contract.hpp"

namespace millrace::logs {
namespace {

class LogOutage : public LogContract {
 protected:
  /// Appends records, the first of which finds that the server is gone, and waits until the log
  /// says so.
  static void append_into_outage(Process& process, std::uint64_t from, std::uint64_t to) {
    process.append_numbers(from, to);
    EXPECT_TRUE(process.listener.await([&] { return process.listener.outages() >= 1; }));
    EXPECT_FALSE(process.log->is_reachable());
  }

  /// Expects that exactly the records with the bodies 1 to `last` were confirmed, and are found.
  void expect_each_once(std::unique_ptr<Process>& process, std::uint64_t last) {
    ASSERT_TRUE(process->listener.await_records(last));
    const std::vector<Record> confirmed = process->listener.records();
    ASSERT_EQ(confirmed.size(), last);
    for (std::uint64_t i = 0; i < last; ++i) EXPECT_EQ(confirmed[i].body, body_of(i + 1));
    stop(process);
    EXPECT_EQ(read_stopped().records, confirmed);
  }
};

TEST_P(LogOutage, ConfirmsNothingAndThenAll) {
  REQUIRE_FEATURE(outage);
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 10);
  ASSERT_TRUE(process->listener.await_records(10));
  fixture_->cut();
  append_into_outage(*process, 11, 50);
  EXPECT_EQ(process->listener.records().size(), 10u);
  EXPECT_FALSE(process->listener.failed());
  EXPECT_EQ(process->listener.mends(), 0);
  fixture_->mend();
  ASSERT_TRUE(process->listener.await([&] { return process->listener.mends() >= 1; }));
  EXPECT_TRUE(process->log->is_reachable());
  EXPECT_EQ(process->log->stats().outages, 1u);
  process->append_numbers(51, 60);
  expect_each_once(process, 60);
}

TEST_P(LogOutage, AfterACommitWhoseAnswerWasLostRepeatsNothing) {
  REQUIRE_FEATURE(lost_answer);
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 10);
  ASSERT_TRUE(process->listener.await_records(10));
  fixture_->cut_after_commit();
  append_into_outage(*process, 11, 50);
  EXPECT_EQ(process->listener.records().size(), 10u) << "confirmed while in doubt";
  fixture_->mend();
  ASSERT_TRUE(process->listener.await([&] { return process->listener.mends() >= 1; }));
  process->append_numbers(51, 60);
  expect_each_once(process, 60);
}

TEST_P(LogOutage, InDoubtWhenItsProcessIsKilledLosesNothingConfirmed) {
  REQUIRE_FEATURE(lost_answer);
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 10);
  ASSERT_TRUE(process->listener.await_records(10));
  fixture_->cut_after_commit();
  append_into_outage(*process, 11, 50);
  const std::vector<Record> confirmed = kill(process);
  ASSERT_EQ(confirmed.size(), 10u);
  fixture_->mend();
  process = start();
  ASSERT_TRUE(process);
  const std::vector<Record>& found = process->contents.records;
  ASSERT_GE(found.size(), 10u);
  ASSERT_LE(found.size(), 50u);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].body, body_of(i + 1));
  process->write(5, 100);
  stop(process);
}

TEST_P(LogOutage, TakesNoVisibleRecordForAReplicatedOne) {
  REQUIRE_FEATURE(failover);
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 10);
  ASSERT_TRUE(process->listener.await_records(10));
  fixture_->cut_before_replication();
  append_into_outage(*process, 11, 30);
  // The server is back without its standby: what was in doubt is visible, and may yet be lost.
  fixture_->stall();
  fixture_->mend();
  fixture_->await_stalled();
  EXPECT_EQ(process->listener.records().size(), 10u) << "confirmed on one server only";
  fixture_->fail_over();
  process->append_numbers(31, 40);
  expect_each_once(process, 40);
}

TEST_P(LogOutage, InDoubtIsReplicatedBeforeItIsConfirmed) {
  REQUIRE_FEATURE(failover);
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 10);
  ASSERT_TRUE(process->listener.await_records(10));
  fixture_->cut_before_replication();
  append_into_outage(*process, 11, 30);
  fixture_->mend();
  ASSERT_TRUE(process->listener.await_records(11));
  const std::size_t confirmed = process->listener.records().size();
  fixture_->fail_over();
  // Had a record been confirmed on one server only, it would be missing now.
  ASSERT_TRUE(process->listener.await_records(30));
  EXPECT_LE(confirmed, 30u);
  expect_each_once(process, 30);
}

TEST_P(LogOutage, TheNextOwnerReliesOnlyOnWhatIsReplicated) {
  REQUIRE_FEATURE(failover);
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 10);
  ASSERT_TRUE(process->listener.await_records(10));
  fixture_->cut_before_replication();
  append_into_outage(*process, 11, 30);
  kill(process);
  fixture_->mend();
  process = start();
  ASSERT_TRUE(process);
  const std::vector<Record> found = process->contents.records;
  ASSERT_GE(found.size(), 10u);
  fixture_->fail_over();
  process->write(1, 100);
  kill(process);
  const std::vector<Record> again = read_stopped().records;
  ASSERT_EQ(again.size(), found.size() + 1);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(again[i], found[i]);
}

TEST_P(LogOutage, BeyondThePatienceRefusesWork) {
  REQUIRE_FEATURE(outage);
  auto process = start();
  ASSERT_TRUE(process);
  process->write(1, 100);
  fixture_->cut();
  EXPECT_OK(process->append("waits"));
  ASSERT_TRUE(process->listener.await([&] { return process->listener.outages() >= 1; }));
  ASSERT_TRUE(eventually([&] { return process->log->refuses_work(); }));
  EXPECT_FALSE(process->log->is_reachable());
  // The credit of producers bounds what is appended: the log itself goes on to accept.
  EXPECT_OK(process->append("waits too"));
  fixture_->mend();
  ASSERT_TRUE(process->listener.await_records(3));
  ASSERT_TRUE(eventually([&] { return process->log->is_reachable(); }));
  EXPECT_FALSE(process->log->refuses_work());
  stop(process);
}

TEST_P(LogOutage, LetsReadsWait) {
  REQUIRE_FEATURE(outage);
  auto process = start();
  ASSERT_TRUE(process);
  process->write(5, 100);
  const Record record = process->listener.records()[2];
  fixture_->cut();
  EXPECT_OK(process->append("waits"));
  ASSERT_TRUE(process->listener.await([&] { return process->listener.outages() >= 1; }));
  std::thread reader([&] {
    const auto body = process->log->read(record.place);
    EXPECT_OK(body);
    if (body) {
      EXPECT_EQ(*body, record.body);
    }
  });
  fixture_->mend();
  reader.join();
  ASSERT_TRUE(process->listener.await_records(6));
  stop(process);
}

TEST_P(LogOutage, FailsACheckpointAndKeepsTheOneBefore) {
  REQUIRE_FEATURE(outage);
  auto process = start();
  ASSERT_TRUE(process);
  process->write(5, 100);
  ASSERT_OK(process->checkpoint(3, "good"));
  const auto failed = process->log->write_checkpoint(5, [&](CheckpointWriter& out) {
    fixture_->cut();
    return out.add(1, std::string(1u << 20, 'x'));
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::log_unreachable);
  EXPECT_FALSE(process->listener.failed());
  fixture_->mend();
  process->write(1, 100);
  kill(process);
  const Contents contents = read_stopped();
  ASSERT_EQ(contents.entries.size(), 1u);
  EXPECT_EQ(contents.entries[0].second, "good");
}

TEST_P(LogOutage, DoesNotHoldUpAStopForEver) {
  REQUIRE_FEATURE(outage);
  auto process = start();
  ASSERT_TRUE(process);
  process->write(5, 100);
  fixture_->cut();
  EXPECT_OK(process->append("unconfirmed"));
  ASSERT_TRUE(process->listener.await([&] { return process->listener.outages() >= 1; }));
  process->log->stop();
  const std::vector<Record> confirmed = process->listener.records();
  EXPECT_EQ(confirmed.size(), 5u);
  EXPECT_FALSE(process->listener.failed());
  process.reset();
  fixture_->mend();
  process = start();
  ASSERT_TRUE(process);
  ASSERT_GE(process->contents.records.size(), 5u);
  EXPECT_LE(process->contents.records.size(), 6u);
  stop(process);
}

TEST_P(LogOutage, LetsAnOpeningWaitUntilItIsCancelled) {
  REQUIRE_FEATURE(outage);
  fixture_->cut();
  const auto engine = fixture_->make_engine();
  std::thread opening([&] {
    const auto opened = engine->open(Opener::writer);
    EXPECT_FALSE(opened);
    if (!opened) {
      EXPECT_EQ(opened.error().code, ErrorCode::draining);
    }
  });
  const auto reading = fixture_->make_engine();
  const auto read = reading->open(Opener::reader);
  EXPECT_FALSE(read);
  if (!read) {
    EXPECT_EQ(read.error().code, ErrorCode::log_unreachable);
  }
  engine->cancel();
  opening.join();
  fixture_->mend();
  auto process = start();
  ASSERT_TRUE(process);
  process->write(1, 10);
  stop(process);
}

INSTANTIATE_LOG_CONTRACT(LogOutage);

}  // namespace
}  // namespace millrace::logs
