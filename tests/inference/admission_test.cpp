// Admission accepts requests that can be answered within their deadline, and gives the reason when
// it refuses one.
#include "apps/inference/admission.hpp"

#include <gtest/gtest.h>

namespace millrace::inference {
namespace {

using namespace std::chrono_literals;

constexpr TimeUs arrival_us = 1'000'000;
constexpr CostModel cost{.fixed = 20ms, .per_item = 1ms};

TimeUs in(std::chrono::microseconds span) {
  return arrival_us + span.count();
}

TEST(Admission, AcceptsARequestWithNothingAhead) {
  Admission admission({.batch_max = 1, .cost = cost});
  EXPECT_EQ(admission.refuse({.id = 1, .expires_at_us = in(21ms)}, arrival_us), "");
  EXPECT_EQ(admission.pending(), 1u);
}

TEST(Admission, RefusesALateRequestAndDoesNotCountIt) {
  Admission admission({.batch_max = 1, .cost = cost});
  EXPECT_EQ(admission.refuse({.id = 1, .expires_at_us = in(20ms)}, arrival_us),
            "overloaded: an answer would take 21 ms, and the deadline leaves 20 ms");
  EXPECT_EQ(admission.refuse({.id = 1, .expires_at_us = in(-5ms)}, arrival_us),
            "overloaded: an answer would take 21 ms, and the deadline leaves 0 ms");
  EXPECT_EQ(admission.pending(), 0u);
}

TEST(Admission, EstimatesTheWaitByBatches) {
  Admission admission({.batch_max = 4, .cost = cost});
  for (std::uint64_t id = 1; id <= 6; ++id) {
    ASSERT_EQ(admission.refuse({.id = id}, arrival_us), "");
  }
  // Six requests are ahead: a batch of four takes 24 ms; then this one, in a batch of three, 23 ms.
  EXPECT_NE(admission.refuse({.id = 7, .expires_at_us = in(46ms)}, arrival_us), "");
  EXPECT_EQ(admission.refuse({.id = 7, .expires_at_us = in(47ms)}, arrival_us), "");
}

TEST(Admission, CountsOnlyRequestsOfTheSameOrHigherPriority) {
  Admission admission({.batch_max = 1, .cost = cost});
  for (std::uint64_t id = 1; id <= 10; ++id) {
    ASSERT_EQ(admission.refuse({.id = id, .priority = 4}, arrival_us), "");
  }
  EXPECT_EQ(admission.refuse({.id = 11, .priority = 5, .expires_at_us = in(21ms)}, arrival_us), "");
  EXPECT_NE(admission.refuse({.id = 12, .priority = 4, .expires_at_us = in(200ms)}, arrival_us),
            "");
  EXPECT_NE(admission.refuse({.id = 13, .priority = 0, .expires_at_us = in(200ms)}, arrival_us),
            "");
}

TEST(Admission, HasCapacityAgainAfterAnAnswer) {
  Admission admission({.batch_max = 1, .cost = cost});
  ASSERT_EQ(admission.refuse({.id = 1}, arrival_us), "");
  EXPECT_NE(admission.refuse({.id = 2, .expires_at_us = in(30ms)}, arrival_us), "");
  admission.finish(1);
  EXPECT_EQ(admission.refuse({.id = 2, .expires_at_us = in(30ms)}, arrival_us), "");
}

TEST(Admission, KeepsItsLimitWithoutDeadlines) {
  Admission admission({.pending_max = 2, .batch_max = 1, .cost = cost});
  EXPECT_EQ(admission.refuse({.id = 1}, arrival_us), "");
  EXPECT_EQ(admission.refuse({.id = 2}, arrival_us), "");
  EXPECT_EQ(admission.refuse({.id = 3}, arrival_us), "overloaded: 2 requests are waiting");
}

TEST(Admission, CountsADuplicateRequestAndItsEndOnce) {
  Admission admission({.pending_max = 1, .batch_max = 1, .cost = cost});
  EXPECT_EQ(admission.refuse({.id = 1}, arrival_us), "");
  EXPECT_EQ(admission.refuse({.id = 1}, arrival_us), "") << "a redelivered request";
  admission.finish(1);
  admission.finish(1);
  admission.finish(9);
  EXPECT_EQ(admission.pending(), 0u);
  EXPECT_EQ(admission.refuse({.id = 2}, arrival_us), "");
}

}  // namespace
}  // namespace millrace::inference
