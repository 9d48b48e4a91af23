// Each line of a JSON log is a JSON object, whatever the message contains; and a log that nobody reads
// stops nothing but its own thread, and that only until the process ends.
#include "apps/serve/log_setup.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <spdlog/details/log_msg.h>
#include <unistd.h>

#include "apps/serve/log_sink.hpp"

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

// A pipe whose other end is read by the test.
class StuckLog : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2] = {};
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reader_ = ends[0];
    writer_ = ends[1];
    sink_ = std::make_unique<PatientSink>(writer_);
    sink_->set_pattern("%v");
  }
  void TearDown() override {
    ::close(reader_);
    ::close(writer_);
  }

  void log(const std::string& text) {
    sink_->log(spdlog::details::log_msg("millrace", spdlog::level::warn, text));
  }

  std::string read(std::size_t bytes) {
    std::string text(bytes, '\0');
    std::size_t filled = 0;
    while (filled < bytes) {
      const ssize_t got = ::read(reader_, text.data() + filled, bytes - filled);
      if (got <= 0) break;
      filled += static_cast<std::size_t>(got);
    }
    text.resize(filled);
    return text;
  }

  int reader_ = -1;
  int writer_ = -1;
  std::unique_ptr<PatientSink> sink_;
};

TEST_F(StuckLog, WritesALongLineAsSoonAsItIsRead) {
  const std::string text(1'000'000, 'x');
  std::thread writing([&] { log(text); });
  EXPECT_EQ(read(text.size() + 1), text + "\n");
  writing.join();
  EXPECT_EQ(sink_->dropped(), 0u);
}

TEST_F(StuckLog, IsGivenUpWhenTheProcessEnds) {
  std::thread writing([&] {
    for (int i = 0; i < 10'000; ++i) log(std::string(10'000, 'x'));
  });
  const auto before = std::chrono::steady_clock::now();
  sink_->give_up_at(before);
  writing.join();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(30));
  EXPECT_GT(sink_->dropped(), 9'900u);
}

}  // namespace
}  // namespace millrace::serve
