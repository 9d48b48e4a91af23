// What code that is no actor sees of actors, on the threads of a real system.
#include "actors/base/shell/actor_handle.hpp"

#include <atomic>
#include <future>
#include <memory>

#include <gtest/gtest.h>

namespace millrace {
namespace {

struct TellActor : testing::Test {
  AnyActor spawn_doubler() {
    return system.spawn([](caf::event_based_actor*) -> caf::behavior {
      return {[](std::int32_t number) {
        return 2 * number;
      }};
    });
  }
  /// Takes the question, and keeps it.
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

TEST_F(TellActor, EachAnswerIsInTheAskedActorsPlace) {
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

TEST_F(TellActor, AnEmptyHandleIsAsAnActorThatHasEnded) {
  const AnyActor nobody;
  tell(nobody, std::int32_t{1});
  end_actor(nobody);
  const auto answer = ask<std::int32_t>(system, nobody, std::int32_t{1}, std::chrono::hours(1));
  EXPECT_EQ(answer.error().code, ErrorCode::draining);
}

TEST_F(TellActor, AskingNobodyIsAnsweredAtOnce) {
  EXPECT_TRUE(
      ask_all<std::int32_t>(system, std::vector<AnyActor>{}, std::int32_t{1}, std::chrono::hours(1))
          .empty());
}

TEST_F(TellActor, AWatchedActorThatFailsIsToldOf) {
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

TEST_F(TellActor, AWatchedActorThatIsEndedIsNot) {
  auto told = std::make_shared<std::atomic<bool>>(false);
  const AnyActor actor = spawn_doubler();
  watch_actor(actor, [told] { *told = true; });
  end_actor(actor);
  system.await_all_actors_done();
  EXPECT_FALSE(*told);
}

}  // namespace
}  // namespace millrace
