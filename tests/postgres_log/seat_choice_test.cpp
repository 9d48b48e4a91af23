// Promises of choose_seat(): which seat a process takes, and when.
#include "actors/postgres_log/core/seat_choice.hpp"

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace millrace::postgres_log {
namespace {

using std::chrono::milliseconds;

Seat held(const std::string& name, const std::string& holder, int left_ms = 1'000) {
  return {.name = name, .epoch = 7, .holder = holder, .lease_left = milliseconds(left_ms)};
}

TEST(SeatChoice, WaitsWhileAllSeatsAreHeld) {
  const SeatChoice choice = choose_seat({held("a", "p1"), held("b", "p2", 1)}, nullptr, "me", {});
  EXPECT_FALSE(choice.take);
  EXPECT_NE(choice.reason.find("a is held by p1"), std::string::npos);
  EXPECT_NE(choice.reason.find("b is held by p2"), std::string::npos);
}

TEST(SeatChoice, TakesASeatWhoseLeaseHasEnded) {
  EXPECT_EQ(choose_seat({held("a", "p1"), held("b", "p2", 0)}, nullptr, "me", {}).take, "b");
}

TEST(SeatChoice, TakesTheSeatOfAProcessThatHasEndedAtOnce) {
  const HasEnded p2_has = [](const std::string& holder) {
    return holder == "p2";
  };
  EXPECT_EQ(choose_seat({held("a", "p1"), held("b", "p2")}, nullptr, "me", p2_has).take, "b");
}

TEST(SeatChoice, AfterAnOutageALeaseThatHasEndedIsNotBelieved) {
  Seat released = held("c", "p3", 0);
  released.is_released = true;
  const std::vector<Seat> seats{held("a", "p1", -20'000), held("b", "p2", -20'000)};
  const SeatChoice choice = choose_seat(seats, nullptr, "me", {}, false);
  EXPECT_FALSE(choice.take) << "its holder could not renew it";
  EXPECT_NE(choice.reason.find("may not have been able to renew"), std::string::npos);
  EXPECT_TRUE(choose_seat(seats, nullptr, "me", {}, true).take);
  EXPECT_EQ(choose_seat({seats[0], released}, nullptr, "me", {}, false).take, "c");
  EXPECT_EQ(choose_seat({seats[0], {.name = "d"}}, nullptr, "me", {}, false).take, "d");
  const HasEnded p2_has = [](const std::string& holder) {
    return holder == "p2";
  };
  EXPECT_EQ(choose_seat(seats, nullptr, "me", p2_has, false).take, "b");
}

TEST(LeaseTrust, NeedsAServerThatAnswersForLong) {
  const SteadyUs start_us = 3'600'000'000;
  LeaseTrust trust(milliseconds(5'000), milliseconds(1'000));
  const auto answers = [&](SteadyUs from_ms, SteadyUs to_ms) {
    for (SteadyUs ms = from_ms; ms <= to_ms; ms += 100) trust.on_answer(start_us + ms * 1'000);
    return trust.is_justified(start_us + to_ms * 1'000);
  };
  EXPECT_FALSE(answers(0, 4'900));
  EXPECT_TRUE(answers(5'000, 9'000));
  EXPECT_TRUE(answers(10'000, 12'000)) << "a gap of a second is none";
  EXPECT_FALSE(answers(13'100, 18'000)) << "an outage";
  EXPECT_TRUE(answers(18'100, 18'100));
}

TEST(SeatChoice, AHolderWithoutANameIsNotKnownToHaveEnded) {
  const HasEnded all_have = [](const std::string& /*holder*/) {
    return true;
  };
  EXPECT_FALSE(choose_seat({held("a", "")}, nullptr, "me", all_have).take);
}

TEST(SeatChoice, TakesOnlySeatsThatItMayTake) {
  const std::vector<std::string> allowed{"b"};
  EXPECT_FALSE(choose_seat({held("a", "p1", 0), held("b", "p2")}, &allowed, "me", {}).take);
  const std::vector<std::string> none;
  const SeatChoice choice = choose_seat({held("a", "p1", 0)}, &none, "me", {});
  EXPECT_FALSE(choice.take);
  EXPECT_NE(choice.reason.find("certificate"), std::string::npos);
}

TEST(SeatChoice, SaysHowToMakeTheFirstSeat) {
  const SeatChoice choice = choose_seat({}, nullptr, "me", {});
  EXPECT_FALSE(choice.take);
  EXPECT_NE(choice.reason.find("millrace cluster add"), std::string::npos);
}

TEST(SeatChoice, TakesTheSeatThatItHasAlready) {
  // The answer of its commit did not come.
  EXPECT_EQ(choose_seat({held("a", "p1", 0), held("b", "me")}, nullptr, "me", {}).take, "b");
}

TEST(SeatChoice, TakesASeatThatWasServedBeforeANewOne) {
  for (int process = 0; process < 20; ++process) {
    std::vector<Seat> seats{{.name = "a"}, held("b", "p1", 0), {.name = "c"}};
    EXPECT_EQ(choose_seat(seats, nullptr, "p" + std::to_string(100 + process), {}).take, "b");
  }
}

TEST(SeatChoice, SpreadsProcessesOverFreeSeats) {
  std::set<std::string> taken;
  for (int process = 0; process < 50; ++process) {
    const SeatChoice choice = choose_seat({{.name = "a"}, {.name = "b"}, {.name = "c"}}, nullptr,
                                          "process " + std::to_string(process), {});
    ASSERT_TRUE(choice.take);
    taken.insert(*choice.take);
  }
  EXPECT_EQ(taken.size(), 3u);
}

}  // namespace
}  // namespace millrace::postgres_log
