// Promises of actor handles to code outside actors: answers, ends and failures of actors arrive, on
// the threads of a real actor system.
#include "actors/base/shell/actor_handle.hpp"

#include <atomic>
#include <future>
#include <memory>

#include <gtest/gtest.h>

namespace millrace {
namespace {

struct ActorHandle : testing::Test {
  AnyActor spawn_doubler() {
    return system.spawn([](caf::event_based_actor*) -> caf::behavior {
      return {[](std::int32_t number) {
        return 2 * number;
      }};
    });
  }
  /// An actor that never answers.
  AnyActor spawn_silent() {
    return system.spawn([](caf::event_based_actor* self) -> caf::behavior {
      return {[self, kept = std::make_shared<caf::response_promise>()](std::int32_t) {
        return *kept = self->make_response_promise();
      }};
    });
  }
  AnyActor spawn_ended() {
    AnyActor actor = spawn_doubler();
    end_actor(actor);
    caf::scoped_actor(system)->wait_for(actor);
    return actor;
  }

  caf::actor_system_config config;
  ActorSystem system{config};
};

TEST_F(ActorHandle, AnswersStandInTheOrderOfTheActors) {
  const AnyActor silent = spawn_silent();
  const auto answers = ask_all<std::int32_t>(
      system, std::vector<AnyActor>{silent, spawn_doubler(), spawn_ended(), spawn_doubler()},
      std::int32_t{21}, std::chrono::milliseconds(200));
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(answers[0].error().code, ErrorCode::timeout);
  EXPECT_EQ(*answers[1], 42);
  EXPECT_EQ(answers[2].error().code, ErrorCode::draining);
  EXPECT_EQ(*answers[3], 42);
  end_actor(silent);
}

TEST_F(ActorHandle, AnEmptyHandleBehavesAsAnActorThatHasEnded) {
  const AnyActor empty;
  tell(empty, std::int32_t{1});
  end_actor(empty);
  const auto answer = ask<std::int32_t>(system, empty, std::int32_t{1}, std::chrono::hours(1));
  EXPECT_EQ(answer.error().code, ErrorCode::draining);
}

TEST_F(ActorHandle, AskingNoActorReturnsAtOnce) {
  EXPECT_TRUE(
      ask_all<std::int32_t>(system, std::vector<AnyActor>{}, std::int32_t{1}, std::chrono::hours(1))
          .empty());
}

TEST_F(ActorHandle, AFailureOfAWatchedActorIsReported) {
  std::promise<void> failed;
  const AnyActor actor = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](std::int32_t) {
      self->quit(caf::sec::runtime_error);
    }};
  });
  watch_actor(actor, [&failed] { failed.set_value(); });
  tell(actor, std::int32_t{1});
  EXPECT_EQ(failed.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
}

TEST_F(ActorHandle, EndingAWatchedActorIsNotReported) {
  auto reported = std::make_shared<std::atomic<bool>>(false);
  const AnyActor actor = spawn_doubler();
  watch_actor(actor, [reported] { *reported = true; });
  end_actor(actor);
  system.await_all_actors_done();
  EXPECT_FALSE(*reported);
}

}  // namespace
}  // namespace millrace
