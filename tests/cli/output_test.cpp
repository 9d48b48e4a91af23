// Promise: a text from outside, such as a key or the reason of a dead letter, neither controls the
// terminal that shows it nor breaks a table.
#include "apps/cli/output.hpp"

#include <string>

#include <gtest/gtest.h>

#include "apps/cli/printable.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

TEST(Printable, KeepsTextsOfAllLanguages) {
  for (const char* text :
       {"", "order-7", "a b\\c", "größer", "日本語", "עברית", "🙂", "\u00a0"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, EscapesWhatControlsATerminal) {
  EXPECT_EQ(printable("\x1b[2J\x1b]0;owned\x07"), "\\x1b[2J\\x1b]0;owned\\x07");
  EXPECT_EQ(printable("a\nb\r\tc\x7f"), "a\\nb\\r\\tc\\x7f");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\u009b2J\u0085"), "\\x9b2J\\x85");
  EXPECT_EQ(printable("\u202egpj.exe\u2066\u2028"), "\\u202egpj.exe\\u2066\\u2028");
}

TEST(Printable, EscapesBytesThatAreNoCharacters) {
  EXPECT_EQ(printable("\x9b"
                      "2J"),
            "\\x9b2J");
  EXPECT_EQ(printable("\xc0\x9b"), "\\xc0\\x9b") << "a longer form of ESC";
  EXPECT_EQ(printable("\xe0\x80\x9b"), "\\xe0\\x80\\x9b");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("\xe6\x97"), "\\xe6\\x97") << "cut off";
}

TEST(Table, HasOneLineForEachRowWhateverItsCellsHold) {
  const nlohmann::ordered_json first{
      {"key", "a\nb"}, {"reason", "\x1b[31mred"}, {"payload", {{"text", "\u009b\n"}}}};
  const nlohmann::ordered_json second{{"key", "c"}, {"reason", nullptr}};
  Listing listing;
  listing.columns = {"key", "reason", "payload"};
  listing.rows.push_back(first);
  listing.rows.push_back(second);
  EXPECT_EQ(table_of(listing),
            "key   reason       payload\n"
            "a\\nb  \\x1b[31mred  {\"text\":\"\\x9b\\n\"}\n"
            "c     -            -\n");
}

TEST(Table, AlignsNumbersToTheRightAndShowsListsWithoutBrackets) {
  const Listing listing{
      .columns = {"queue", "queued", "shards", "mixed"},
      .rows = {{{"queue", "a"}, {"queued", 7}, {"shards", {0U, 1U, 2U, 5U, 8U, 9U}}, {"mixed", 1}},
               {{"queue", "bcd"}, {"queued", 12345}, {"shards", Json::array()}, {"mixed", "x"}},
               {{"queue", "e"}, {"shards", {"b", "c"}}, {"mixed", nullptr}}}};
  EXPECT_EQ(table_of(listing),
            "queue  queued  shards     mixed\n"
            "a           7  0-2,5,8,9  1\n"
            "bcd     12345  -          x\n"
            "e           -  b,c        -\n");
}

TEST(Table, ShowsSpansInTwoUnits) {
  EXPECT_EQ(span_text(0), "0ms");
  EXPECT_EQ(span_text(0.0404), "40ms");
  EXPECT_EQ(span_text(59.9), "59s");
  EXPECT_EQ(span_text(2032.463638), "33m52s");
  EXPECT_EQ(span_text(3600), "1h");
  EXPECT_EQ(span_text(90'061), "1d1h");
}

}  // namespace
}  // namespace millrace::cli
