// Promise: a text from outside, such as a key or the reason of a dead letter, neither controls the
// terminal that shows it nor breaks a table.
#include "apps/cli/output.hpp"

#include <string>

#include <gtest/gtest.h>

#include "apps/cli/printable.hpp"

namespace millrace::cli {
namespace {

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

}  // namespace
}  // namespace millrace::cli
