// Each line of a JSON log is a JSON object, whatever the message contains.
#include "apps/serve/log_setup.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <spdlog/details/log_msg.h>

namespace millrace::serve {
namespace {

std::string format(const std::string& text) {
  spdlog::details::log_msg message("millrace", spdlog::level::warn, text);
  message.time = spdlog::log_clock::time_point(std::chrono::milliseconds(1'500));
  spdlog::memory_buf_t out;
  json_formatter("a")->format(message, out);
  return {out.data(), out.size()};
}

TEST(JsonLog, HasOneObjectPerLine) {
  const std::string line = format("hello");
  ASSERT_EQ(line.back(), '\n');
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed.at("message"), "hello");
  EXPECT_EQ(parsed.at("level"), "warning");
  EXPECT_EQ(parsed.at("node"), "a");
  EXPECT_EQ(parsed.at("time"), "1970-01-01T00:00:01.500Z");
}

TEST(JsonLog, EscapesQuotesLineEndsAndInvalidUtf8) {
  for (const std::string text : {"say \"no\"", "two\nlines", "back\\slash", "\xff\xfe", "\x01"}) {
    const std::string line = format(text);
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
  }
}

}  // namespace
}  // namespace millrace::serve
