// Reading any file ends in bounded time and with a clear error: random bytes, flipped bytes, deep
// nesting, huge files, bytes that are not UTF-8.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/journal/write/options.hpp"
#include "cluster/config/file/print.hpp"
#include "cluster/config/read/toml_reader.hpp"
#include "tests/config/config_fixture.hpp"

namespace millrace::config {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string repeat(const std::string& text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

TEST(Robustness, RandomBytesAreRefused) {
  std::mt19937 random(1);
  for (int round = 0; round < 2'000; ++round) {
    std::string text(random() % 300, '\0');
    for (char& c : text) c = static_cast<char>(random());
    const Resolved resolved = resolve_text(text);
    EXPECT_THAT(lines(resolved), testing::Not(IsEmpty())) << "round " << round;
    EXPECT_THAT(lines(resolved), Each(HasSubstr(": error: ")));
  }
}

TEST(Robustness, FlippedBytesGiveErrorsOrAreAccepted) {
  const std::string whole = defaults_file();
  std::mt19937 random(2);
  for (int round = 0; round < 1'000; ++round) {
    std::string text = whole;
    for (int i = 0; i < 3; ++i) text[random() % text.size()] = static_cast<char>(random());
    EXPECT_THAT(lines(resolve_text(text)), Each(HasSubstr("expected")));
  }
}

TEST(Robustness, DeepNestingIsRefused) {
  const std::vector<std::string> texts{
      "a = " + repeat("[", 100'000),
      "a = " + repeat("{a=", 100'000),
      repeat("a.", 100'000) + "a = 1\n",
      "[" + repeat("\"a\" . ", 100'000) + "a]\n",
      "a = [\n" + repeat("{a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = [\n", 127) + repeat("]}\n", 127) +
          "]\n",
  };
  for (const std::string& text : texts) {
    EXPECT_THAT(lines(resolve_text(text)), testing::Not(IsEmpty())) << text.substr(0, 20);
  }
}

TEST(Robustness, AFileAboveTheLimitIsRefused) {
  EXPECT_THAT(
      lines(resolve_text(std::string(file_bytes_max + 1, '\n'))),
      ElementsAre("f:1:1: error: syntax: expected a file of at most 1MiB, got a larger one"));
}

TEST(Robustness, AFileAtTheLimitIsReadInBoundedTime) {
  EXPECT_THAT(
      lines(resolve_text("node.name = \"a\"\n" + repeat("[[queue]]\nname=\"q\"\n", 40'000))),
      ElementsAre("f:2:3: error: queue: expected at most 1000 tables, got 40000"));
  std::string unknown = "node.name = \"a\"\n";
  for (int i = 0; i < 50'000; ++i) unknown += "k" + std::to_string(i) + " = 1\n";
  EXPECT_THAT(lines(resolve_text(unknown)), SizeIs(50'000));
}

TEST(Robustness, BytesThatAreNotUtf8AreRefusedWithTheirPosition) {
  EXPECT_THAT(lines(resolve_text("node.name = \"\xff\xfe\"\n")),
              ElementsAre(HasSubstr("f:1:13: error: syntax:")));
  EXPECT_THAT(lines(resolve_text(std::string("a = 1\n\0b = 2\n", 13))),
              ElementsAre(HasSubstr("f:2:1: error: syntax:")));
}

TEST(Robustness, InvalidUtf8IsRecognised) {
  EXPECT_TRUE(is_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
  for (const char* bad : {"\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xe2\x82", "\xc3("}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(Robustness, TheJournalAcceptsEveryAcceptedConfig) {
  std::mt19937 random(3);
  const auto pick = [&](std::initializer_list<const char*> of) {
    return std::string(of.begin()[random() % of.size()]);
  };
  int accepted = 0;
  for (int round = 0; round < 2'000; ++round) {
    Inputs inputs;
    inputs.sets = {"journal.segment=" + pick({"32MiB", "33558528B", "64MiB", "1GiB"}),
                   "journal.record_max=" + pick({"16MiB", "31MiB", "33550000B", "63MiB", "1GiB"}),
                   "journal.group_max=" + pick({"4KiB", "5000B", "64MiB"}),
                   "journal.groups_max=" + pick({"1", "16"}),
                   "journal.reserve_segments=" + pick({"1", "2", "1024"}),
                   "journal.ready_segments_max=" + pick({"1", "2", "1024"})};
    const Resolved resolved = resolve_text("node.name = \"a\"\n", inputs);
    if (!resolved.problems.empty()) continue;
    ++accepted;
    const auto valid = journal::validate(resolved.config.journal);
    EXPECT_TRUE(valid) << (valid ? "" : valid.error().message);
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace millrace::config
