// On a terminal one line is rewritten; elsewhere a line is written every 5 s. The time is a
// parameter, so that no test waits.
#include "apps/report/progress.hpp"

#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "apps/report/terminal.hpp"

namespace millrace::report {
namespace {

constexpr TimeUs second = 1'000'000;

std::string last_line(const std::string& text) {
  return text.substr(text.rfind("\033[K") + 3);
}

TEST(Progress, TheBarIsAsDocumented) {
  std::ostringstream out;
  Progress progress(out, {.terminal = true, .color = false, .width = 120});
  progress.update({}, 0);
  progress.update({66'372, 100'000, 400, 31}, second);
  progress.update({78'214, 100'000, 412, 31}, 2 * second);
  EXPECT_EQ(last_line(out.str()),
            "[#########################-------] 78%  78,214/100,000  39,107/s  retried 412  "
            "dead 31  ETA 1s");
}

TEST(Progress, TheRateCoversTheLastSeconds) {
  std::ostringstream out;
  Progress progress(out, {.terminal = true, .width = 120});
  for (std::uint64_t i = 0; i <= 20; ++i)
    progress.update({i < 10 ? 0 : (i - 10) * 1000, 100'000}, static_cast<TimeUs>(i) * second);
  EXPECT_NE(last_line(out.str()).find("10,000/100,000  1,000/s  ETA 1m30s"), std::string::npos)
      << last_line(out.str());
}

TEST(Progress, ATerminalIsUpdatedAtMostTenTimesASecond) {
  std::ostringstream out;
  Progress progress(out, {.terminal = true, .width = 120});
  for (TimeUs now = 0; now <= second; now += 1000) progress.update({1, 10}, now);
  std::size_t shown = 0;
  for (const char letter : out.str()) shown += letter == '\r' ? 1 : 0;
  EXPECT_EQ(shown, 10u);
}

TEST(Progress, TheLineFitsTheTerminal) {
  for (const int width : {10, 40, 60, 80, 200}) {
    std::ostringstream out;
    Progress progress(out, {.terminal = true, .color = false, .width = width});
    progress.update({}, 0);
    progress.update({1'234'567, 9'876'543, 1000, 1000}, second);
    EXPECT_LT(last_line(out.str()).size(), static_cast<std::size_t>(width));
    EXPECT_FALSE(last_line(out.str()).empty());
  }
}

TEST(Progress, WithoutATerminalALineIsWrittenEveryFiveSeconds) {
  std::ostringstream out;
  Progress progress(out, {});
  for (TimeUs now = 0; now <= 11 * second; now += second / 10)
    progress.update({static_cast<std::uint64_t>(now / 1000), 20'000}, now);
  progress.clear();
  EXPECT_EQ(out.str(),
            "25%  5,000/20,000  1,000/s  ETA 15s\n"
            "50%  10,000/20,000  1,000/s  ETA 10s\n");
}

TEST(Progress, ClearingLeavesAnEmptyLine) {
  std::ostringstream out;
  Progress progress(out, {.terminal = true});
  progress.clear();
  EXPECT_EQ(out.str(), "") << "nothing was shown yet";
  progress.update({}, 0);
  progress.update({1, 2}, second);
  progress.clear();
  EXPECT_TRUE(out.str().ends_with("\r\033[K"));
}

TEST(Progress, WithoutATotalThereIsNoBar) {
  std::ostringstream out;
  Progress progress(out, {.terminal = true, .width = 80});
  progress.update({}, 0);
  progress.update({500, 0}, second);
  EXPECT_EQ(last_line(out.str()), "500  500/s");
}

TEST(Progress, OnlyTheBarIsColored) {
  std::ostringstream out;
  Progress progress(out, {.terminal = true, .color = true, .width = 100});
  progress.update({}, 0);
  progress.update({5, 10}, second);
  EXPECT_NE(out.str().find("[\033[32m################\033[0m----------------] 50%  5/10"),
            std::string::npos);
}

TEST(Terminal, ColorFollowsTheChoice) {
  EXPECT_TRUE(use_color(ColorChoice::always, -1));
  EXPECT_FALSE(use_color(ColorChoice::never, 1));
  EXPECT_FALSE(use_color(ColorChoice::automatic, -1)) << "no terminal";
  EXPECT_EQ(parse_color("auto"), ColorChoice::automatic);
  EXPECT_EQ(parse_color("sometimes"), std::nullopt);
  EXPECT_EQ(terminal_width(-1), 80);
}

}  // namespace
}  // namespace millrace::report
