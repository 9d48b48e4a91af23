// Promises of names: a random name is new each time, and a typing error finds the word that was
// meant, while an unrelated word finds none.
#include "actors/base/names.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace millrace {
namespace {

const std::vector<std::string> candidates{"queue", "simulate", "order", "dlq"};

TEST(RandomName, IsNewEachTimeAndHas32HexadecimalDigits) {
  const std::string name = random_name();
  EXPECT_EQ(name.size(), 32U);
  EXPECT_EQ(name.find_first_not_of("0123456789abcdef"), std::string::npos) << name;
  EXPECT_NE(name, random_name());
}

TEST(NearestWord, IsTheWordThatATypingErrorMeant) {
  EXPECT_EQ(nearest_word("quue", candidates), "queue");
  EXPECT_EQ(nearest_word("simulat", candidates), "simulate");
  EXPECT_EQ(nearest_word("ordre", candidates), "order");
  EXPECT_EQ(nearest_word("order", candidates), "order");
}

TEST(NearestWord, IsEmptyWhereNoCandidateIsNear) {
  EXPECT_EQ(nearest_word("zzzzz", candidates), "");
  EXPECT_EQ(nearest_word("", candidates), "");
  EXPECT_EQ(nearest_word(std::string(1'000'000, 'q'), candidates), "");
  EXPECT_EQ(nearest_word("queue", {}), "");
}

}  // namespace
}  // namespace millrace
