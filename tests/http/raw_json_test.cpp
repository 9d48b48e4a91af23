// Promise: parts of JSON are found as they were written, whatever is in strings.
#include "cluster/http/json/raw_json.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(RawJson, MembersAreAsTheyWereWritten) {
  EXPECT_THAT(
      raw_members(
          R"( { "a" : 1.50 , "b\"}":[1,{"c":"]}"},2] ,"d":"x\\","e":-1.5e3,"f":true,"g":{ } } )"),
      ElementsAre(Pair("\"a\"", "1.50"), Pair(R"("b\"}")", R"([1,{"c":"]}"},2])"),
                  Pair("\"d\"", R"("x\\")"), Pair("\"e\"", "-1.5e3"), Pair("\"f\"", "true"),
                  Pair("\"g\"", "{ }")));
  EXPECT_THAT(raw_members("{}"), IsEmpty());
  EXPECT_THAT(raw_members("[1]"), IsEmpty());
  EXPECT_THAT(raw_members("7"), IsEmpty());
}

TEST(RawJson, ElementsAreAsTheyWereWritten) {
  EXPECT_THAT(raw_elements(R"([1 , "a,]" ,[ ] , {"x":[]},null,123456789012345678901])"),
              ElementsAre("1", "\"a,]\"", "[ ]", "{\"x\":[]}", "null", "123456789012345678901"));
  EXPECT_THAT(raw_elements("[]"), IsEmpty());
  EXPECT_THAT(raw_elements("{}"), IsEmpty());
}

TEST(RawJson, ALongTextCostsItsLength) {
  std::string text = "[";
  for (int i = 0; i < 200'000; ++i) text += "[[]],";
  text += "0]";
  EXPECT_EQ(raw_elements(text).size(), 200'001u);
}

}  // namespace
}  // namespace millrace::http
