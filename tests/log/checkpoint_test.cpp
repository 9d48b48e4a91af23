// Promises of every log about checkpoints: a checkpoint takes effect as a whole or not at all, the
// newest complete one is used, and only what no start needs is ever released.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/log/log_contract.hpp"

namespace millrace::logs {
namespace {

using Entries = std::vector<std::pair<Section, std::string>>;

class LogCheckpoint : public LogContract {
 protected:
  /// Segments of the log before the one that is written.
  static std::vector<SegmentInfo> old_segments(Process& process) {
    return process.log->segments_before_replay();
  }
};

TEST_P(LogCheckpoint, IsVisitedBeforeTheRecordsBehindIt) {
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 100, 2'000);
  ASSERT_TRUE(process->listener.await_records(100));
  const Entries entries{{1, "first"}, {7, ""}, {1, std::string(3u << 20, 'x')}, {2, "last"}};
  const auto written = process->log->write_checkpoint(61, [&](CheckpointWriter& out) {
    for (const auto& [section, bytes] : entries) {
      if (auto added = out.add(section, bytes); !added) return added;
    }
    return Result<void>{};
  });
  ASSERT_OK(written);
  EXPECT_EQ(written->replay_from, 61u);
  EXPECT_EQ(written->entries, 4u);
  EXPECT_GE(written->bytes, 3u << 20);
  const std::vector<Record> confirmed = kill(process);
  for (int run = 0; run < 2; ++run) {
    process = start();
    ASSERT_TRUE(process);
    EXPECT_TRUE(process->contents.recovered.has_checkpoint);
    EXPECT_EQ(process->contents.recovered.replay_from, 61u);
    EXPECT_EQ(process->contents.entries, entries);
    EXPECT_EQ(process->contents.records,
              std::vector<Record>(confirmed.begin() + 60, confirmed.end()));
    stop(process);
  }
}

TEST_P(LogCheckpoint, OfTheWholeLogLeavesNothingToReplay) {
  auto process = start();
  ASSERT_TRUE(process);
  ASSERT_OK(process->checkpoint(1, "of nothing"));
  process->write(10, 100);
  ASSERT_OK(process->checkpoint(11, "of ten"));
  stop(process);
  process = start();
  ASSERT_TRUE(process);
  EXPECT_TRUE(process->contents.records.empty());
  EXPECT_EQ(process->contents.recovered.last_lsn, 10u);
  ASSERT_EQ(process->contents.entries.size(), 1u);
  EXPECT_EQ(process->contents.entries[0].second, "of ten");
  process->write(1, 100);
  EXPECT_EQ(process->listener.records()[0].lsn, 11u);
  stop(process);
}

TEST_P(LogCheckpoint, NumbersGrow) {
  auto process = start();
  ASSERT_TRUE(process);
  std::uint64_t last = 0;
  for (int run = 0; run < 3; ++run) {
    for (int i = 0; i < 3; ++i) {
      process->write(1, 10);
      const auto written = process->checkpoint(process->log->stats().durable_lsn + 1);
      ASSERT_OK(written);
      EXPECT_GT(written->number, last);
      last = written->number;
    }
    stop(process);
    process = start();
    ASSERT_TRUE(process);
  }
  stop(process);
}

TEST_P(LogCheckpoint, ThatFailsLeavesTheOneBefore) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(10, 100);
  ASSERT_OK(process->checkpoint(4, "good"));
  const Error mine{ErrorCode::timeout, "the filler's"};
  const auto failed = process->log->write_checkpoint(8, [&](CheckpointWriter& out) {
    EXPECT_OK(out.add(1, std::string(2u << 20, 'x')));
    return Result<void>(mine);
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), mine);
  process->write(5, 100);
  EXPECT_FALSE(process->listener.failed());
  kill(process);
  process = start();
  ASSERT_TRUE(process);
  ASSERT_EQ(process->contents.entries.size(), 1u);
  EXPECT_EQ(process->contents.entries[0].second, "good");
  EXPECT_EQ(process->contents.records.size(), 12u);
  ASSERT_OK(process->checkpoint(9, "better"));
  stop(process);
  EXPECT_EQ(read_stopped().entries[0].second, "better");
}

TEST_P(LogCheckpoint, ThatAKillInterruptsLeavesTheOneBefore) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(10, 100);
  ASSERT_OK(process->checkpoint(4, "good"));
  const auto interrupted = process->log->write_checkpoint(8, [&](CheckpointWriter& out) {
    EXPECT_OK(out.add(1, std::string(2u << 20, 'x')));
    fixture_->kill();
    return out.add(1, "never");
  });
  EXPECT_FALSE(interrupted);
  kill(process);
  process = start();
  ASSERT_TRUE(process);
  ASSERT_EQ(process->contents.entries.size(), 1u);
  EXPECT_EQ(process->contents.entries[0].second, "good");
  EXPECT_EQ(process->contents.records.size(), 7u);
  stop(process);
}

TEST_P(LogCheckpoint, ThatIsDamagedIsReplacedByTheOneBefore) {
  REQUIRE_FEATURE(damaged_checkpoint);
  auto process = start();
  ASSERT_TRUE(process);
  process->write(10, 100);
  ASSERT_OK(process->checkpoint(4, "good"));
  ASSERT_OK(process->checkpoint(8, "damaged"));
  stop(process);
  fixture_->damage_newest_checkpoint();
  process = start();
  ASSERT_TRUE(process);
  ASSERT_EQ(process->contents.entries.size(), 1u);
  EXPECT_EQ(process->contents.entries[0].second, "good");
  EXPECT_EQ(process->contents.records.size(), 7u);
  EXPECT_EQ(process->contents.recovered.warnings.size(), 1u);
  stop(process);
}

TEST_P(LogCheckpoint, IsRefusedForRecordsThatAreNotThere) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(5, 100);
  int filled = 0;
  const auto fill = [&](CheckpointWriter&) {
    ++filled;
    return Result<void>{};
  };
  for (const Lsn from : {Lsn{0}, Lsn{7}}) {
    const auto refused = process->log->write_checkpoint(from, fill);
    ASSERT_FALSE(refused) << from;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_EQ(filled, 0);
  EXPECT_OK(process->log->write_checkpoint(6, fill));
  stop(process);
}

TEST_P(LogCheckpoint, GoesOnBesideAppendsAndOthers) {
  auto process = start();
  ASSERT_TRUE(process);
  std::atomic<bool> is_done = false;
  std::thread appends([&] {
    for (std::uint64_t number = 1; number <= 2'000; ++number) {
      EXPECT_OK(process->append(body_of(number)));
    }
    is_done = true;
  });
  std::vector<std::thread> checkpoints;
  for (int i = 0; i < 2; ++i) {
    checkpoints.emplace_back([&] {
      while (!is_done) {
        const Lsn from = process->log->stats().durable_lsn + 1;
        EXPECT_OK(process->checkpoint(from, "from " + std::to_string(from)));
      }
    });
  }
  appends.join();
  for (std::thread& one : checkpoints) one.join();
  ASSERT_TRUE(process->listener.await_records(2'000));
  ASSERT_OK(process->checkpoint(1'999, "from 1999"));
  const std::vector<Record> confirmed = kill(process);
  const Contents contents = read_stopped();
  EXPECT_EQ(contents.entries.at(0).second, "from 1999");
  EXPECT_EQ(contents.records, std::vector<Record>(confirmed.end() - 2, confirmed.end()));
}

TEST_P(LogCheckpoint, StartsTheCountOfBytesAnew) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(20, 10'000);
  EXPECT_GE(process->log->bytes_since_checkpoint(), 200'000u);
  EXPECT_EQ(process->log->stats().bytes_since_checkpoint, process->log->bytes_since_checkpoint());
  kill(process);
  process = start();
  ASSERT_TRUE(process);
  EXPECT_GE(process->log->bytes_since_checkpoint(), 200'000u) << "what a start replays counts";
  ASSERT_OK(process->checkpoint(21));
  EXPECT_LT(process->log->bytes_since_checkpoint(), 100'000u);
  process->write(10, 10'000);
  EXPECT_GE(process->log->bytes_since_checkpoint(), 100'000u);
  stop(process);
}

TEST_P(LogCheckpoint, ReleasesOnlyWhatNoStartNeeds) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(40, 10'000);
  const SegmentNumber first = process->log->stats().first_segment;
  const SegmentNumber newest = process->log->stats().current_segment;
  EXPECT_GE(newest, first + 4);
  EXPECT_TRUE(old_segments(*process).empty());
  process->log->release_before(newest);
  EXPECT_EQ(process->log->stats().first_segment, first) << "released before any checkpoint";
  ASSERT_OK(process->checkpoint(21, "half"));
  const std::vector<Record> records = process->listener.records();
  const SegmentNumber needed = segment_of(records[20].place);
  const std::vector<SegmentInfo> old = old_segments(*process);
  ASSERT_FALSE(old.empty());
  EXPECT_EQ(old.front().number, first);
  EXPECT_LT(old.back().number, needed + 1);
  Lsn lsn = 0;
  for (const SegmentInfo& segment : old) {
    EXPECT_GT(segment.first_lsn, lsn);
    EXPECT_GT(segment.bytes, 0u);
    lsn = segment.first_lsn;
  }
  process->log->release_before(newest + 100);
  EXPECT_GT(process->log->stats().first_segment, first);
  EXPECT_LE(process->log->stats().first_segment, needed);
  EXPECT_TRUE(old_segments(*process).empty());
  const auto gone = process->log->read(records[0].place);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
  for (std::size_t i = 20; i < 40; ++i) {
    const auto body = process->log->read(records[i].place);
    ASSERT_OK(body);
    EXPECT_EQ(*body, records[i].body);
  }
  EXPECT_EQ(process->log->write_checkpoint(1, [](CheckpointWriter&) { return Result<void>{}; })
                .error()
                .code,
            ErrorCode::invalid_argument)
      << "of a part of the log that is released";
  kill(process);
  process = start();
  ASSERT_TRUE(process);
  EXPECT_EQ(process->contents.records, std::vector<Record>(records.begin() + 20, records.end()));
  // A segment that was released may not have been freed when the process was killed.
  const auto again = process->log->read(records[0].place);
  EXPECT_TRUE(again ? *again == records[0].body : again.error().code == ErrorCode::not_found);
  stop(process);
}

TEST_P(LogCheckpoint, KeepsALogShortForEver) {
  auto process = start();
  ASSERT_TRUE(process);
  std::size_t segments_max = 0;
  for (int round = 0; round < 40; ++round) {
    process->write(15, 10'000);
    ASSERT_OK(process->checkpoint(process->log->stats().durable_lsn + 1));
    process->log->release_before(process->log->stats().current_segment);
    segments_max = std::max(segments_max, process->log->stats().segments);
    if (round % 10 != 9) continue;
    kill(process);
    process = start();
    ASSERT_TRUE(process);
    EXPECT_EQ(process->contents.recovered.last_lsn, static_cast<Lsn>(round + 1) * 15);
  }
  EXPECT_LE(segments_max, 10u);
  stop(process);
}

INSTANTIATE_LOG_CONTRACT(LogCheckpoint);

}  // namespace
}  // namespace millrace::logs
