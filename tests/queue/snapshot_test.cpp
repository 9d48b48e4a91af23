// Promise: a checkpoint holds the whole durable state in parts of bounded size, and invalid bytes
// are refused. Checked by writing, reading back and comparing, and by breaking each column.
#include "actors/queue/snapshot/snapshot.hpp"

#include <gtest/gtest.h>

#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

std::vector<pb::SnapshotPart> parts_of(const Checkpoint& checkpoint) {
  std::vector<pb::SnapshotPart> parts;
  for (const std::string& bytes : checkpoint.parts.at(1)) {
    EXPECT_TRUE(parts.emplace_back().ParseFromString(bytes));
  }
  return parts;
}

Result<void> read_all(State& state, const std::vector<pb::SnapshotPart>& parts) {
  for (const pb::SnapshotPart& part : parts) {
    if (auto read = read_snapshot(state, part); !read) return read;
  }
  return {};
}

TEST(QueueSnapshot, OfManyMessagesIsCutIntoPartsAndReadBackWhole) {
  Work work;
  for (int i = 0; i < 70'000; ++i) {
    pb::Record record;
    record.set_at_us(work.world.now());
    pb::Change& change = *record.add_change();
    change.set_queue(1);
    auto envelope = message(i % 3 == 0 ? "" : "k" + std::to_string(i % 1000), "x", i % 10);
    if (i % 7 == 0) envelope->set_not_before_us(work.world.now() + i);
    *change.add_append() = *envelope;
    if (i % 2 == 1) change.add_ack(static_cast<std::uint64_t>(i) / 2 + 1);
    work.world.append(std::move(record));
  }
  const Checkpoint checkpoint = work.world.checkpoint();
  for (const std::string& part : checkpoint.parts.at(1)) EXPECT_LE(part.size(), 3u << 20);
  const std::string before = durable_text(work.state());
  work.world.crash(&checkpoint);
  EXPECT_EQ(durable_text(work.state()), before);
  EXPECT_EQ(check_invariants(work.state()), "");
}

TEST(QueueSnapshot, AcrossAGapOfChunksKeepsNumbers) {
  Work work;
  work.append("old");
  for (int i = 0; i < 3'000; ++i) {
    work.append("new");
    pb::Record record;
    record.add_change()->set_queue(1);
    record.mutable_change(0)->add_ack(work.state().durable.last);
    work.world.append(std::move(record));
  }
  const Checkpoint checkpoint = work.world.checkpoint();
  work.world.crash(&checkpoint);
  work.append("next");
  EXPECT_EQ(work.state().durable.last, 3'002u);
  EXPECT_NE(work.state().durable.index.find(1), nullptr);
  EXPECT_EQ(work.run_all(), 2u);
  EXPECT_EQ(check_invariants(work.state()), "");
}

class QueueSnapshotBroken : public ::testing::Test {
 protected:
  QueueSnapshotBroken() {
    for (int i = 0; i < 4; ++i) work.append("k");
    auto later = *message("k");
    later.set_not_before_us(1);
    work.append(later);
    parts = parts_of(work.world.checkpoint());
    for (pb::SnapshotPart& part : parts) {
      if (part.has_messages()) columns = part.mutable_messages();
    }
  }
  [[nodiscard]] bool is_refused() const {
    State state;
    const auto read = read_all(state, parts);
    return !read && read.error().code == ErrorCode::corrupt;
  }

  Work work;
  std::vector<pb::SnapshotPart> parts;
  pb::MessageColumns* columns = nullptr;
};

TEST_F(QueueSnapshotBroken, NotAtAllIsRead) {
  EXPECT_FALSE(is_refused());
}

TEST_F(QueueSnapshotBroken, ByAShortColumnIsRefused) {
  columns->mutable_place_step()->RemoveLast();
  EXPECT_TRUE(is_refused());
}

TEST_F(QueueSnapshotBroken, ByAShortKeyColumnIsRefused) {
  columns->mutable_key_hash()->RemoveLast();
  EXPECT_TRUE(is_refused());
}

TEST_F(QueueSnapshotBroken, ByAShortExtraColumnIsRefused) {
  columns->mutable_extra()->RemoveLast();
  EXPECT_TRUE(is_refused());
}

TEST_F(QueueSnapshotBroken, ByARepeatedNumberIsRefused) {
  columns->set_sequence_step(2, 0);
  EXPECT_TRUE(is_refused());
}

TEST_F(QueueSnapshotBroken, ByANumberBeyondTheLastIsRefused) {
  columns->set_sequence_step(2, ~0ull);
  EXPECT_TRUE(is_refused());
}

TEST_F(QueueSnapshotBroken, ByAnInvalidPriorityIsRefused) {
  columns->set_flags(0, 15);
  EXPECT_TRUE(is_refused());
}

TEST_F(QueueSnapshotBroken, ByAnEmptyPartIsRefused) {
  parts.emplace_back();
  EXPECT_TRUE(is_refused());
}

}  // namespace
}  // namespace millrace::queues
