// Promise: what is paused accepts offers and is not leased; a pause is durable, ends at its time, and
// moves with the queue. Checked by what is leased, and by what a replay and a snapshot hold.
#include <gtest/gtest.h>

#include "actors/queue/decide/pausing.hpp"
#include "actors/queue/decide/removal.hpp"
#include "actors/queue/move/source.hpp"
#include "actors/queue/move/target.hpp"
#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

class QueuePause : public ::testing::Test {
 protected:
  std::optional<Error> pause(PauseCommand command) {
    PauseDecision decided = decide_pause(work.state(), command, work.world.now());
    work.world.send(1, std::move(decided.decision));
    return decided.refusal;
  }
  void pause_durably(PauseCommand command) {
    ASSERT_FALSE(pause(std::move(command)));
    work.world.commit();
  }
  void resume_durably(const std::string& key = {}) { pause_durably({.key = key, .resumes = true}); }
  void ack(const std::vector<Grant>& grants) {
    for (const Grant& grant : grants) work.complete(Work::acked(grant));
    work.world.commit();
  }
  void tick() {
    work.world.send(1, decide_resumes(work.state(), work.world.now()));
    work.world.commit();
  }

  Work work;
};

TEST_F(QueuePause, OfTheQueueLeasesNothingUntilItIsResumed) {
  work.append("a", "a1");
  pause_durably({.reason = "the payment provider is down", .by = "ann"});
  work.append("", "b1");
  EXPECT_TRUE(work.lease(10).empty());
  EXPECT_EQ(work.state().durable.index.size(), 2u) << "offers are accepted";
  resume_durably();
  EXPECT_EQ(text(work.lease(10)), "a1 b1");
}

TEST_F(QueuePause, LeasesUntilItIsDurable) {
  work.append("a", "a1");
  ASSERT_FALSE(pause({}));
  EXPECT_EQ(text(work.lease(10)), "a1") << "a record in flight changes nothing";
}

TEST_F(QueuePause, LetsWhatIsLeasedEnd) {
  work.append("a", "a1");
  const auto grants = work.lease(10);
  pause_durably({});
  EXPECT_TRUE(work.complete(Work::acked(grants[0])).refused.empty());
  work.world.commit();
  EXPECT_EQ(work.state().durable.ledger.acked, 1u);
}

TEST_F(QueuePause, OfAKeyHoldsUpNoOtherKey) {
  for (const char* payload : {"a1", "a2"}) work.append("a", payload);
  work.append("b", "b1");
  work.append("", "c1");
  pause_durably({.key = "a"});
  EXPECT_EQ(text(work.lease(10)), "b1 c1");
  work.append("a", "a3");
  EXPECT_TRUE(work.lease(10).empty());
  resume_durably("a");
  EXPECT_EQ(text(work.lease(10)), "a1+a2+a3");
}

TEST_F(QueuePause, OfAKeyThatIsLeasedHoldsItsNextMessages) {
  work.state().limits.run_messages = 1;
  for (const char* payload : {"a1", "a2"}) work.append("a", payload);
  const auto grants = work.lease(10);
  EXPECT_EQ(text(grants), "a1");
  pause_durably({.key = "a"});
  ack(grants);
  EXPECT_TRUE(work.lease(10).empty());
  resume_durably("a");
  EXPECT_EQ(text(work.lease(10)), "a2");
}

TEST_F(QueuePause, EndsAtItsTimeByARecord) {
  work.append("a", "a1");
  work.append("b", "b1");
  pause_durably({.for_us = 1'000'000});
  pause_durably({.key = "b", .until_us = work.world.now() + 3'000'000});
  work.world.advance(999'999);
  tick();
  EXPECT_TRUE(work.lease(10).empty());
  EXPECT_EQ(next_look_us(work.state(), work.world.time()), work.world.steady() + 1);
  work.world.advance(1);
  EXPECT_TRUE(work.lease(10).empty()) << "time alone changes nothing";
  tick();
  EXPECT_EQ(text(work.lease(10)), "a1");
  work.world.advance(2'000'000);
  tick();
  EXPECT_EQ(text(work.lease(10)), "b1");
  EXPECT_EQ(work.state().durable.pauses, nullptr);
}

TEST_F(QueuePause, IsResumedOnceWhileTheRecordIsInFlight) {
  pause_durably({.for_us = 1});
  work.world.advance(10);
  work.world.send(1, decide_resumes(work.state(), work.world.now()));
  EXPECT_EQ(decide_resumes(work.state(), work.world.now()).record, nullptr);
  EXPECT_EQ(next_look_us(work.state(), work.world.time()), std::nullopt) << "nothing to wait for";
}

TEST_F(QueuePause, EndsAfterItsDurationWhenTheClockIsSetBack) {
  work.append("a", "a1");
  pause_durably({.for_us = 1'000'000});
  work.world.step(-3'600'000'000);
  work.world.send(1, decide_set_back(work.state(), work.world.now()));
  work.world.commit();
  work.world.advance(1'000'000);
  tick();
  EXPECT_EQ(text(work.lease(10)), "a1");
}

TEST_F(QueuePause, ExpiresMessagesOfAPausedKey) {
  auto mortal = message("a", "a1");
  mortal->set_expires_at_us(work.world.now() + 5'000'000);
  work.append(*mortal);
  work.append("a", "a2");
  pause_durably({.key = "a"});
  EXPECT_TRUE(work.lease(10).empty());
  const auto look_us = next_look_us(work.state(), work.world.time());
  EXPECT_TRUE(look_us) << "the expiry is looked for";
  work.world.advance(5'000'000);
  EXPECT_TRUE(work.lease(10).empty());
  work.world.commit();
  EXPECT_EQ(work.state().durable.ledger.dead, 1u);
  EXPECT_TRUE(work.lease(10).empty()) << "the key is paused still";
}

TEST_F(QueuePause, LetsOperatorsDropWhatIsPaused) {
  work.append("a", "a1");
  pause_durably({.key = "a"});
  EXPECT_TRUE(work.lease(10).empty());
  const auto page = page_of(work.state(), 0, 10).messages;
  const auto leases = hold(work.state(), page, work.world.steady());
  work.world.send(1, decide_drop(work.state(), leases, work.world.now()));
  work.world.commit();
  EXPECT_EQ(work.state().durable.ledger.dropped, 1u);
  work.append("a", "a2");
  EXPECT_TRUE(work.lease(10).empty());
  resume_durably("a");
  EXPECT_EQ(text(work.lease(10)), "a2");
}

TEST_F(QueuePause, OutlivesACrashAndACheckpoint) {
  work.append("a", "a1");
  work.append("b", "b1");
  pause_durably({.key = "a", .for_us = 60'000'000, .reason = "fraud?", .by = "ann"});
  const std::string before = durable_text(work.state());
  for (const bool from_checkpoint : {false, true}) {
    const Checkpoint checkpoint = work.world.checkpoint();
    work.world.crash(from_checkpoint ? &checkpoint : nullptr);
    EXPECT_EQ(durable_text(work.state()), before);
  }
  EXPECT_EQ(text(work.lease(10)), "b1");
}

TEST_F(QueuePause, AgainKeepsItsBeginning) {
  pause_durably({.reason = "one"});
  const TimeUs since_us = work.state().durable.pauses->queue()->since_us;
  work.world.advance(1'000'000);
  pause_durably({.reason = "two", .by = "bob"});
  EXPECT_EQ(work.state().durable.pauses->queue(),
            (Pause{.since_us = since_us, .reason = "two", .by = "bob"}));
}

TEST_F(QueuePause, RefusesWhatCannotBePaused) {
  const TimeUs now_us = work.world.now();
  const auto code_of = [&](PauseCommand command) {
    const auto refusal = pause(std::move(command));
    return refusal ? std::optional(refusal->code) : std::nullopt;
  };
  EXPECT_EQ(code_of({.key = std::string(paused_key_bytes_max + 1, 'k')}),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({.reason = std::string(pause_reason_bytes_max + 1, 'r')}),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({.by = std::string(pause_by_bytes_max + 1, 'b')}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({.until_us = now_us}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({.for_us = -1}), ErrorCode::invalid_argument);
  for (std::size_t i = 0; i < paused_keys_max; ++i) pause_durably({.key = "k" + std::to_string(i)});
  EXPECT_EQ(code_of({.key = "one more"}), ErrorCode::backlog_full);
  EXPECT_EQ(code_of({.key = "k1", .reason = "again"}), std::nullopt);
  EXPECT_EQ(code_of({.key = "one more", .resumes = true}), std::nullopt)
      << "nothing to resume is no error";
  work.state().live.quiesced = true;
  EXPECT_EQ(code_of({}), ErrorCode::draining) << "it moves";
  work.state().live.quiesced = false;
  work.state().live.draining = true;
  EXPECT_EQ(code_of({}), ErrorCode::draining);
}

}  // namespace
}  // namespace millrace::queues
