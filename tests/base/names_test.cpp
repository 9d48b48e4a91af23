// A slip of the finger finds the word that was meant; anything else finds none.
#include "actors/base/names.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace millrace {
namespace {

const std::vector<std::string> known{"queue", "simulate", "order", "dlq"};

TEST(NearestWord, IsTheOneThatWasMeant) {
  EXPECT_EQ(nearest_word("quue", known), "queue");
  EXPECT_EQ(nearest_word("simulat", known), "simulate");
  EXPECT_EQ(nearest_word("ordre", known), "order");
  EXPECT_EQ(nearest_word("order", known), "order");
}

TEST(NearestWord, IsNoneWhereNoneIsNear) {
  EXPECT_EQ(nearest_word("zzzzz", known), "");
  EXPECT_EQ(nearest_word("", known), "");
  EXPECT_EQ(nearest_word(std::string(1'000'000, 'q'), known), "");
  EXPECT_EQ(nearest_word("queue", {}), "");
}

}  // namespace
}  // namespace millrace
