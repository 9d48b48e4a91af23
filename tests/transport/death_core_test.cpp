// Promise: a process counts as dead only when the other side has ended a link that was up, and then refuses
// another one. Checked in every order of two and three fates.
#include "cluster/transport/protocol/death_core.hpp"

#include <initializer_list>
#include <vector>

#include <gtest/gtest.h>

namespace millrace::transport {
namespace {

using enum LinkFate;

DeathCore after(std::initializer_list<LinkFate> fates) {
  DeathCore core;
  SteadyUs now_us = 1'000'000;
  for (const LinkFate fate : fates) core.on(fate, now_us += 1'000'000);
  return core;
}

TEST(DeathCore, ClosedAndRefusedIsADeath) {
  EXPECT_TRUE(after({up, closed, refused}).is_dead());
  EXPECT_TRUE(after({lost, refused, up, closed, refused}).is_dead());
}

TEST(DeathCore, NothingElseIsOne) {
  for (const auto& fates :
       std::initializer_list<std::initializer_list<LinkFate>>{{},
                                                              {refused},
                                                              {refused, refused, refused},
                                                              {closed, refused},
                                                              {lost, refused},
                                                              {up, refused},
                                                              {up, closed},
                                                              {up, closed, lost},
                                                              {up, lost, refused},
                                                              {up, closed, up},
                                                              {up, closed, up, lost, refused},
                                                              {up, lost, closed, refused}}) {
    EXPECT_FALSE(after(fates).is_dead()) << fates.size();
  }
}

TEST(DeathCore, KeepsAskingWhileNobodyAnswers) {
  // The way to a dead process may be blocked for a time.
  EXPECT_TRUE(after({up, closed, lost, lost, lost, refused}).is_dead());
  EXPECT_TRUE(after({up, closed, closed, refused}).is_dead());
}

TEST(DeathCore, StaysDead) {
  EXPECT_TRUE(after({up, closed, refused, up}).is_dead());
  EXPECT_FALSE(after({up, closed, refused}).may_dial(1'000'000'000));
}

TEST(DeathCore, DialsAtOnceAfterALinkAndThenSlower) {
  DeathCore core;
  EXPECT_TRUE(core.may_dial(0));
  core.on(up, 10);
  core.on(closed, 1'000'000);
  EXPECT_TRUE(core.may_dial(1'000'000));
  SteadyUs now_us = 1'000'000;
  std::vector<DurationUs> pauses;
  for (int i = 0; i < 10; ++i) {
    core.on(lost, now_us);
    const SteadyUs failed_us = now_us;
    while (!core.may_dial(now_us)) now_us += 1'000;
    pauses.push_back(now_us - failed_us);
  }
  EXPECT_LE(pauses.front(), DeathCore::redial_first_us);
  EXPECT_EQ(pauses.back(), DeathCore::redial_max_us);
}

}  // namespace
}  // namespace millrace::transport
