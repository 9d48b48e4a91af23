// Promise: the watchdog is reset only after all queues answered, and whoever ends the node does not
// wait for a queue that hangs.
#include "apps/serve/liveness.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace millrace::serve {
namespace {

using Names = std::vector<std::string>;
using std::chrono::milliseconds;

TEST(Liveness, ResetsTheWatchdogOnlyWhileAllQueuesAnswer) {
  std::atomic<bool> is_silent = true;
  std::atomic<int> questions = 0;
  std::atomic<int> alive = 0;
  Liveness liveness({.interval = milliseconds(1),
                     .silent_queues =
                         [&] {
                           ++questions;
                           return is_silent ? Names{"orders"} : Names{};
                         },
                     .alive =
                         [&] {
                           ++alive;
                         }});
  while (questions < 5) std::this_thread::yield();
  EXPECT_EQ(alive, 0);
  is_silent = false;
  while (alive < 3) std::this_thread::yield();
  is_silent = true;
  // The question in progress may have been answered before.
  int asked = questions;
  while (questions < asked + 2) std::this_thread::yield();
  const int before = alive;
  asked = questions;
  while (questions < asked + 5) std::this_thread::yield();
  EXPECT_EQ(alive, before);
}

TEST(Liveness, IsEndedWithoutWaitingForAQueueThatHangs) {
  std::promise<void> asked;
  std::promise<void> answer;
  std::atomic<int> alive = 0;
  {
    Liveness liveness({.interval = milliseconds(1),
                       .silent_queues =
                           [&] {
                             asked.set_value();
                             answer.get_future().wait();
                             return Names{};
                           },
                       .alive =
                           [&] {
                             ++alive;
                           }});
    asked.get_future().wait();
    liveness.end();
    answer.set_value();  // only now: end() has not waited
  }
  EXPECT_EQ(alive, 0) << "a node that ends resets no watchdog";
}

}  // namespace
}  // namespace millrace::serve
