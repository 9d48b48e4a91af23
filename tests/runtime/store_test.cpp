// Promise: recovery follows a queue through a move: staged, installed, moved, retired; from the
// log alone and through a checkpoint, and refuses impossible records. Checked on records in memory.
#include "actors/store/store.hpp"

#include <gtest/gtest.h>

#include "actors/queue/snapshot/snapshot.hpp"
#include "messages/snapshot.pb.h"

namespace millrace {
namespace {

class StoreOfMoves : public ::testing::Test {
 protected:
  static pb::Declaration work(queues::QueueNumber number, bool staged) {
    pb::Declaration declaration;
    declaration.set_number(number);
    declaration.set_name("work");
    declaration.set_shard(5);
    declaration.set_shards(8);
    declaration.set_staged(staged);
    return declaration;
  }
  static pb::Record declare(const pb::Declaration& declaration) {
    pb::Record record;
    *record.add_declare() = declaration;
    return record;
  }
  static pb::Record change(queues::QueueNumber number) {
    pb::Record record;
    record.add_change()->set_queue(number);
    return record;
  }
  static pb::Record append(queues::QueueNumber number) {
    pb::Record record = change(number);
    record.mutable_change(0)->add_append()->set_key("k");
    return record;
  }
  static pb::Record install_head(queues::QueueNumber number, std::uint64_t last) {
    pb::SnapshotPart part;
    part.mutable_head()->set_last(last);
    part.mutable_head()->set_offered(last);
    part.mutable_head()->set_acked(last);
    pb::Record record = change(number);
    record.mutable_change(0)->mutable_install()->set_part(part.SerializeAsString());
    return record;
  }
  static pb::ShardRecord owned_by(const std::string& owner, const std::string& role) {
    pb::ShardRecord shard;
    shard.set_shard(5);
    shard.set_role(role);
    shard.mutable_ownership()->set_owner(owner);
    return shard;
  }

  Result<void> apply(const pb::Record& record) {
    const std::string body = record.SerializeAsString();
    const auto offset = static_cast<std::uint32_t>(++lsn_ * 8);
    return store_.apply({lsn_, logs::make_place(7, offset), 0, body});
  }
  /// Writes a checkpoint as the Checkpointer does, and recovers from it.
  void restart() {
    Store next;
    for (const auto& [key, shard] : store_.shards()) {
      pb::SnapshotPart part;
      *part.mutable_shard() = shard;
      ASSERT_TRUE(next.load(part.SerializeAsString()));
    }
    for (const auto& [number, queue] : store_.queues()) {
      queues::write_snapshot(*queue.state,
                             [&next](const std::string& part) { ASSERT_TRUE(next.load(part)); });
    }
    store_ = std::move(next);
  }

  Store store_;
  logs::Lsn lsn_ = 0;
};

TEST_F(StoreOfMoves, AStagedQueueIsNotServedUntilItIsInstalled) {
  ASSERT_TRUE(apply(declare(work(3, true))));
  ASSERT_TRUE(apply(install_head(3, 40)));
  EXPECT_EQ(store_.find("work", 5), nullptr);
  restart();
  EXPECT_EQ(store_.find("work", 5), nullptr);
  pb::Record whole = declare(work(3, false));
  whole.add_change()->set_queue(3);
  *whole.add_shard() = owned_by("b", "pay");
  ASSERT_TRUE(apply(whole));
  restart();
  ASSERT_NE(store_.find("work", 5), nullptr);
  EXPECT_EQ(store_.find("work", 5)->state->durable.last, 40u);
  EXPECT_EQ(store_.shards().at({"pay", 5}).ownership().owner(), "b");
}

TEST_F(StoreOfMoves, AnInstallationWithoutItsChangeIsRefused) {
  ASSERT_TRUE(apply(declare(work(3, true))));
  EXPECT_EQ(apply(declare(work(3, false))).error().code, ErrorCode::corrupt);
}

TEST_F(StoreOfMoves, AnInstalledQueueIsNotStagedAgain) {
  ASSERT_TRUE(apply(declare(work(3, false))));
  EXPECT_EQ(apply(declare(work(3, true))).error().code, ErrorCode::corrupt);
  EXPECT_EQ(apply(install_head(3, 1)).error().code, ErrorCode::corrupt);
}

TEST_F(StoreOfMoves, AMalformedPartIsRefusedWithItsPlace) {
  ASSERT_TRUE(apply(declare(work(3, true))));
  pb::Record record = change(3);
  record.mutable_change(0)->mutable_install()->set_part("\xff\xff");
  const auto applied = apply(record);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::corrupt);
  EXPECT_EQ(applied.error().message,
            "segment 7 offset 16: the part for work has bytes that are not a snapshot part");
}

TEST_F(StoreOfMoves, AQueueThatMovedIsAnOutboxOfLaterMessages) {
  ASSERT_TRUE(apply(declare(work(3, false))));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(apply(append(3)));
  pb::Record record = change(3);
  pb::BecomeOutbox& become_outbox = *record.mutable_change(0)->mutable_become_outbox();
  become_outbox.set_up_to(2);
  *become_outbox.mutable_as() = work(3, false);
  become_outbox.mutable_as()->set_name("outbox/work");
  become_outbox.mutable_as()->mutable_outbox()->set_producer("a/work/5");
  ASSERT_TRUE(apply(record));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(store_.find("work", 5), nullptr);
    StoredQueue* const outbox = store_.find("outbox/work", 5);
    ASSERT_NE(outbox, nullptr);
    EXPECT_EQ(outbox->declaration.outbox().producer(), "a/work/5");
    EXPECT_TRUE(outbox->state->is_outbox);
    EXPECT_EQ(outbox->state->durable.index.size(), 1u);
    EXPECT_NE(outbox->state->durable.index.find(3), nullptr);
    restart();
  }
  become_outbox.mutable_as()->set_number(4);
  EXPECT_EQ(apply(record).error().code, ErrorCode::corrupt);
}

TEST_F(StoreOfMoves, ARetiredQueueIsGoneAndItsNumberIsNotReused) {
  ASSERT_TRUE(apply(declare(work(3, true))));
  pb::Record retires;
  retires.add_retire(3);
  retires.add_retire(9);  // an earlier checkpoint left the queue out
  ASSERT_TRUE(apply(retires));
  EXPECT_TRUE(store_.queues().empty());
  EXPECT_EQ(store_.next_number(), 4u);
}

TEST_F(StoreOfMoves, TheNewestRecordOfARolesShardCounts) {
  pb::Record record;
  *record.add_shard() = owned_by("a", "pay");
  *record.add_shard() = owned_by("a", "ship");
  ASSERT_TRUE(apply(record));
  record.Clear();
  *record.add_shard() = owned_by("b", "pay");
  ASSERT_TRUE(apply(record));
  restart();
  ASSERT_EQ(store_.shards().size(), 2u);
  EXPECT_EQ(store_.shards().at({"pay", 5}).ownership().owner(), "b");
  EXPECT_EQ(store_.shards().at({"ship", 5}).ownership().owner(), "a");
}

}  // namespace
}  // namespace millrace
