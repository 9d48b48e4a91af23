// Promise: invalid parts of a moving queue are refused, and no bytes of another node crash this
// one. Checked by breaking each rule, and by thousands of random mutations.
#include <random>

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include "actors/queue/move/target.hpp"
#include "tests/queue/moved_queue.hpp"
#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

class QueueInstall : public ::testing::Test {
 protected:
  QueueInstall() {
    for (int i = 0; i < 5; ++i) work_.append("k" + std::to_string(i % 2), "p", i);
    auto later = *message("", "later");
    later.set_not_before_us(work_.world.now() + 1'000);
    work_.append(later);
    work_.world.attach(1, {"p", 1});
    auto offered = message("b");
    offered->set_idempotency_key("once");
    work_.world.commit();
    work_.world.offer(1, {"p", 1, 1, {offered}});
    work_.world.commit();
    for (const char* key : {"k0", "k1"}) {
      pb::Record record;
      record.add_change()->set_queue(1);
      pb::StateChange& state = *record.mutable_change(0)->add_state();
      state.set_key(key);
      state.set_value("value");
      state.add_history()->set_value("then");
      pb::TimerSet& timer = *record.mutable_change(0)->add_timer_set();
      timer.set_key(key);
      timer.set_due_us(work_.world.now());
      work_.world.append(std::move(record));
    }
    chunks_ = chunks_of(work_.state(), [](logs::Place, std::uint32_t) { return Body(); });
  }

  /// The first chunk that has a part of this kind.
  pb::Install& chunk(pb::SnapshotPart::PartCase kind) {
    for (pb::Install& one : chunks_) {
      if (part_of(one).part_case() == kind) return one;
    }
    ADD_FAILURE() << "no such part";
    return chunks_[0];
  }
  static pb::SnapshotPart part_of(const pb::Install& chunk) {
    pb::SnapshotPart part;
    EXPECT_TRUE(part.ParseFromString(chunk.part()));
    return part;
  }
  template <class Break>
  void change(pb::SnapshotPart::PartCase kind, Break change_part) {
    pb::Install& broken = chunk(kind);
    pb::SnapshotPart part = part_of(broken);
    change_part(part);
    broken.set_part(part.SerializeAsString());
  }
  /// The error with which the installation ended; empty: the staged queue is complete.
  std::string install_all() {
    CopiedQueue copied(work_.state());
    for (const pb::Install& one : chunks_) {
      if (const auto installed = copied.install(one, 1); !installed) {
        EXPECT_EQ(installed.error().code, ErrorCode::corrupt);
        return installed.error().message;
      }
    }
    return {};
  }

  Work work_;
  std::vector<pb::Install> chunks_;
};

TEST_F(QueueInstall, OfACompleteQueueSucceeds) {
  EXPECT_EQ(install_all(), "");
}

TEST_F(QueueInstall, IntoAQueueThatIsNotStagedIsRefused) {
  const auto checked = check_install(work_.state(), chunks_[0]);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
}

TEST_F(QueueInstall, OfASecondHeadIsRefused) {
  chunks_.push_back(chunks_[0]);
  EXPECT_NE(install_all(), "");
}

TEST_F(QueueInstall, OfALedgerThatDoesNotBalanceIsRefused) {
  change(pb::SnapshotPart::kHead,
         [](pb::SnapshotPart& part) { part.mutable_head()->set_acked(1'000); });
  EXPECT_NE(install_all(), "");
}

TEST_F(QueueInstall, OfFewerBodiesThanMessagesIsRefused) {
  chunk(pb::SnapshotPart::kMessages).mutable_body()->RemoveLast();
  EXPECT_NE(install_all(), "");
}

TEST_F(QueueInstall, OfABodyThatDiffersFromItsColumnsIsRefused) {
  chunk(pb::SnapshotPart::kMessages).mutable_body(0)->set_key("k9");
  EXPECT_NE(install_all(), "");
}

TEST_F(QueueInstall, OfATooLargeGapBetweenNumbersIsRefused) {
  change(pb::SnapshotPart::kHead,
         [](pb::SnapshotPart& part) { part.mutable_head()->set_last(1ull << 60); });
  change(pb::SnapshotPart::kMessages,
         [](pb::SnapshotPart& part) { part.mutable_messages()->set_sequence_step(3, 1ull << 50); });
  EXPECT_NE(install_all(), "");
}

TEST_F(QueueInstall, OfTheStateOfAKeyTwiceIsRefused) {
  chunks_.push_back(chunk(pb::SnapshotPart::kKeyed));
  EXPECT_NE(install_all(), "");
}

TEST_F(QueueInstall, OfAnInvalidHistoryIsRefused) {
  change(pb::SnapshotPart::kKeyed, [](pb::SnapshotPart& part) {
    part.mutable_keyed()->mutable_key(0)->set_history("\x50no");
  });
  EXPECT_NE(install_all(), "");
}

void mutate(std::string& bytes, std::mt19937_64& random) {
  if (bytes.empty()) return;
  const std::size_t at = random() % bytes.size();
  switch (random() % 4) {
    case 0:
      bytes[at] = static_cast<char>(random());
      break;
    case 1:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
      break;
    case 2:
      bytes.resize(at);
      break;
    default:
      bytes.insert(at, 1, static_cast<char>(random()));
  }
}

TEST_F(QueueInstall, OfMutatedBytesNeverCrashes) {
  const google::protobuf::LogSilencer quiet;
  std::mt19937_64 random(7);
  int refused = 0;
  for (int round = 0; round < 4'000; ++round) {
    CopiedQueue copied(work_.state());
    const std::size_t broken = random() % chunks_.size();
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      pb::Install chunk = chunks_[i];
      if (i == broken) {
        std::string bytes = random() % 2 == 0 ? chunk.SerializeAsString() : chunk.part();
        const bool of_part = bytes == chunk.part();
        for (std::uint64_t n = random() % 3 + 1; n > 0; --n) mutate(bytes, random);
        if (of_part) {
          chunk.set_part(bytes);
        } else if (!chunk.ParseFromString(bytes)) {
          continue;
        }
      }
      refused += copied.install(chunk, 1) ? 0 : 1;
    }
    // A queue that was accepted must satisfy all invariants.
    copied.state.live.receivers[1].demand = 100;
    static_cast<void>(dispatch(copied.state, work_.world.time()));
    static_cast<void>(durable_text(copied.state));
  }
  EXPECT_GT(refused, 500);
}

TEST(ShiftTimes, ShiftsDelaysToTheTargetsClockButNotExpiry) {
  constexpr DurationUs hour_us = 3'600'000'000;
  const auto shifted = [](pb::SnapshotPart part, DurationUs by_us) {
    shift_times(part, by_us);
    return part;
  };
  pb::SnapshotPart part;
  part.mutable_head()->set_at_us(hour_us);
  EXPECT_EQ(shifted(part, hour_us).head().at_us(), 2 * hour_us);
  EXPECT_EQ(shifted(part, -2 * hour_us).head().at_us(), 1) << "0 means none";
  part.mutable_head()->set_at_us(time_max_us + 1);
  EXPECT_EQ(shifted(part, hour_us).head().at_us(), time_max_us + 1) << "it is refused later";
  auto& extra = *part.mutable_messages()->add_extra();
  extra.set_not_before_us(hour_us);
  extra.set_expires_at_us(hour_us);
  EXPECT_EQ(shifted(part, hour_us).messages().extra(0).not_before_us(), 2 * hour_us);
  EXPECT_EQ(shifted(part, hour_us).messages().extra(0).expires_at_us(), hour_us);
  EXPECT_EQ(shifted(part, hour_us).messages().extra(0).first_failed_at_us(), 0);
  part.mutable_keyed()->add_timer()->set_due_us(hour_us);
  EXPECT_EQ(shifted(part, hour_us).keyed().timer(0).due_us(), 2 * hour_us);
  part.mutable_producers()->add_producer()->set_active_at_us(hour_us);
  part.mutable_producers()->add_idempotency_key()->set_at_us(hour_us);
  EXPECT_EQ(shifted(part, hour_us).producers().producer(0).active_at_us(), 2 * hour_us);
  EXPECT_EQ(shifted(part, hour_us).producers().idempotency_key(0).at_us(), 2 * hour_us);
}

}  // namespace
}  // namespace millrace::queues
