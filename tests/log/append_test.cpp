// Promises of every log about appends: records are confirmed once, in log order without gaps, in
// the order of their appends, and adjacent if they were appended together; a refused append leaves
// no trace.
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/log/log_contract.hpp"

namespace millrace::logs {
namespace {

class LogAppend : public LogContract {};

TEST_P(LogAppend, ConfirmsEachRecordOnceInTheOrderOfItsThread) {
  auto process = start();
  ASSERT_TRUE(process);
  constexpr int threads = 4;
  constexpr int each = 500;
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      for (int i = 0; i < each; ++i) {
        std::string body = std::to_string(thread) + "/" + std::to_string(i);
        EXPECT_OK(
            process->log->append(propose(std::move(body), static_cast<std::uint32_t>(thread))));
      }
    });
  }
  for (std::thread& one : running) one.join();
  ASSERT_TRUE(process->listener.await_records(threads * each));
  std::map<std::uint32_t, int> next;
  Lsn lsn = 0;
  for (const Record& record : process->listener.records()) {
    EXPECT_EQ(record.lsn, ++lsn);
    EXPECT_EQ(record.body,
              std::to_string(record.shard) + "/" + std::to_string(next[record.shard]++));
  }
  EXPECT_EQ(lsn, Lsn{threads * each});
  const std::vector<Record> confirmed = process->listener.records();
  EXPECT_EQ(process->log->stats().durable_lsn, lsn);
  EXPECT_EQ(process->log->stats().records, lsn);
  stop(process);
  EXPECT_EQ(read_stopped().records, confirmed);
}

TEST_P(LogAppend, KeepsRecordsThatAreAppendedTogetherAdjacent) {
  auto process = start();
  ASSERT_TRUE(process);
  constexpr int threads = 4;
  constexpr int spans = 60;
  constexpr int length = 5;
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      for (int span = 0; span < spans; ++span) {
        std::vector<std::shared_ptr<Proposal>> together;
        for (int i = 0; i < length; ++i) {
          std::string body = std::to_string(thread) + "/" + std::to_string(span) + "/";
          // Some spans are longer than a group and than the rest of a segment.
          body += std::to_string(i) + "/" + std::string(span % 10 == 0 ? 7'000 : 100, 'x');
          together.push_back(propose(std::move(body)));
        }
        EXPECT_OK(process->log->append(together));
      }
    });
  }
  for (std::thread& one : running) one.join();
  ASSERT_TRUE(process->listener.await_records(threads * spans * length));
  const std::vector<Record> records = process->listener.records();
  for (std::size_t first = 0; first < records.size(); first += length) {
    const std::string& body = records[first].body;
    const std::string prefix = body.substr(0, body.find('/', body.find('/') + 1) + 1);
    for (std::size_t i = 0; i < length; ++i) {
      EXPECT_TRUE(records[first + i].body.starts_with(prefix + std::to_string(i) + "/"))
          << "record " << first + i;
    }
  }
  stop(process);
}

TEST_P(LogAppend, RefusesWhatIsTooLargeAsAWhole) {
  auto process = start();
  ASSERT_TRUE(process);
  const std::string largest(LogFixture::record_bytes_max, 'x');
  ASSERT_OK(process->append(largest));
  const Result<void> refused = process->append(largest + "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
  std::vector<std::shared_ptr<Proposal>> together{propose("a"), propose(largest + "x")};
  EXPECT_EQ(process->log->append(together).error().code, ErrorCode::too_large);
  ASSERT_TRUE(together[0] && together[1]) << "moved from on failure";
  EXPECT_EQ(together[0]->body, "a");
  ASSERT_OK(process->append("last"));
  ASSERT_TRUE(process->listener.await_records(2));
  EXPECT_EQ(process->listener.records()[0].body, largest);
  EXPECT_EQ(process->listener.records()[1].body, "last");
  EXPECT_EQ(process->listener.records()[1].lsn, 2u);
  stop(process);
}

TEST_P(LogAppend, KeepsEmptyBodiesAndShards) {
  auto process = start();
  ASSERT_TRUE(process);
  ASSERT_OK(process->log->append(propose("", 7)));
  ASSERT_OK(process->log->append(propose(std::string("a\0b", 3), ~std::uint32_t{0})));
  ASSERT_TRUE(process->listener.await_records(2));
  const std::vector<Record> confirmed = process->listener.records();
  kill(process);
  const Contents contents = read_stopped();
  ASSERT_EQ(contents.records, confirmed);
  EXPECT_EQ(contents.records[0].body, "");
  EXPECT_EQ(contents.records[1].body, std::string("a\0b", 3));
  EXPECT_EQ(contents.records[1].shard, ~std::uint32_t{0});
}

TEST_P(LogAppend, KeepsTheOrderOfRecordsThatMakeRoom) {
  auto process = start();
  ASSERT_TRUE(process);
  for (int i = 0; i < 300; ++i) {
    const std::string number = std::to_string(i);
    ASSERT_OK(
        process->log->append(i % 3 == 0 ? propose_room("r" + number) : propose("o" + number)));
  }
  ASSERT_TRUE(process->listener.await_records(300));
  std::map<char, int> last{{'r', -1}, {'o', -1}};
  for (const Record& record : process->listener.records()) {
    const int number = std::stoi(record.body.substr(1));
    EXPECT_GT(number, last[record.body[0]]) << record.body;
    last[record.body[0]] = number;
  }
  stop(process);
}

TEST_P(LogAppend, LetsItsListenerAppendAndRead) {
  std::atomic<Log*> log = nullptr;
  std::atomic<int> answered = 0;
  auto process = start([&](std::span<const Committed> group) {
    for (const Committed& one : group) {
      const auto& proposal = static_cast<const TestProposal&>(*one.proposal);
      if (log == nullptr || !proposal.copy.starts_with("ask")) continue;
      const auto body = log.load()->read(one.place);
      EXPECT_OK(body);
      if (body) {
        EXPECT_EQ(*body, proposal.copy);
      }
      EXPECT_OK(log.load()->append(propose("answer")));
      ++answered;
    }
  });
  ASSERT_TRUE(process);
  log = process->log.get();
  for (int i = 0; i < 20; ++i) ASSERT_OK(process->append("ask" + std::to_string(i)));
  ASSERT_TRUE(process->listener.await_records(40));
  EXPECT_EQ(answered, 20);
  stop(process);
}

TEST_P(LogAppend, ReusesTheMemoryOfABody) {
  auto process = start();
  ASSERT_TRUE(process);
  auto proposal = std::make_shared<TestProposal>(std::string(1'000, 'x'));
  ASSERT_OK(process->log->append(proposal));
  ASSERT_TRUE(process->listener.await_records(1));
  EXPECT_TRUE(proposal->body.empty());
  EXPECT_GE(proposal->body.capacity(), 1'000u);
  stop(process);
}

TEST_P(LogAppend, MeasuresWhatItDoes) {
  auto process = start();
  ASSERT_TRUE(process);
  EXPECT_EQ(process->log->stats().records, 0u);
  process->write(50, 2'000);
  const LogStats stats = process->log->stats();
  EXPECT_EQ(stats.records, 50u);
  EXPECT_EQ(stats.durable_lsn, 50u);
  EXPECT_GE(stats.bytes, 100'000u);
  EXPECT_GE(stats.syncs, 1u);
  EXPECT_GE(stats.segments, 2u);
  EXPECT_GT(stats.current_segment, stats.first_segment);
  EXPECT_EQ(stats.outages, 0u);
  EXPECT_EQ(process->log->segment_bytes(), LogFixture::segment_bytes);
  EXPECT_FALSE(process->log->storage_full());
  EXPECT_FALSE(process->log->storage_exhausted());
  EXPECT_TRUE(process->log->is_reachable());
  EXPECT_FALSE(process->log->refuses_work());
  EXPECT_GT(process->log->full_interval().count(), 0);
  EXPECT_OK(process->log->free_bytes());
  EXPECT_FALSE(process->engine->where().empty());
  stop(process);
}

INSTANTIATE_LOG_CONTRACT(LogAppend);

}  // namespace
}  // namespace millrace::logs
