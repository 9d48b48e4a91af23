// Promise: the log and the program are told of each handling that did not succeed: which message of
// which stage, and why; and the log of a stage that always fails stays short.
#include "actors/assembly/failure_log.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"
#include "tests/journal/temporary_directory.hpp"
#include "tests/pipeline/words.hpp"

namespace millrace {
namespace {

using google::protobuf::StringValue;
using std::chrono::minutes;
using test::text;
using test::words;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(FailureLines, AreWrittenOncePerSecondAndStage) {
  FailureLines lines;
  EXPECT_EQ(lines.note("a", 0), 0u);
  EXPECT_EQ(lines.note("a", 1), std::nullopt);
  EXPECT_EQ(lines.note("a", FailureLines::pause_us - 1), std::nullopt);
  EXPECT_EQ(lines.note("b", 2), 0u) << "another stage";
  EXPECT_EQ(lines.note("a", FailureLines::pause_us), 2u) << "with what had none";
  EXPECT_EQ(lines.note("a", 2 * FailureLines::pause_us), 0u);
}

/// Keeps the lines of the log while it exists.
class Lines {
 public:
  Lines() { spdlog::default_logger()->sinks().push_back(sink_); }
  ~Lines() { spdlog::default_logger()->sinks().pop_back(); }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  [[nodiscard]] std::vector<std::string> all() const { return sink_->last_formatted(); }

 private:
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> sink_ =
      std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(1'000);
};

TEST(FailureLog, SaysWhichMessageOfWhichStageHasFailedAndWhy) {
  const journal::TemporaryDirectory directory;
  const Lines lines;
  std::promise<void> told;
  std::string failure;
  RuntimeOptions options{.data_dir = directory.path(), .shards = 1};
  options.on_failure = [&](const StageFailure& one) {
    failure = std::string(one.pipeline) + " " + std::string(one.stage) + " " +
              std::string(one.key) + " " + std::string(one.reason);
    EXPECT_EQ(one.kind, StageFailure::Kind::failed);
    EXPECT_EQ(one.sequence, 1u);
    told.set_value();
    throw std::runtime_error("of the program");
  };
  auto started = Runtime::start(
      std::move(options),
      {pipeline("test").from(words()).then("burn",
                                           [](const StringValue& word) {
                                             if (word.value() == "k\x1b")
                                               throw std::runtime_error("too \x1b[31mhot");
                                           },
                                           {.retry = {.attempts = 1}})});
  ASSERT_TRUE(started) << started.error().message;
  auto sender = (*started)->sender(words(), {.producer = "test"});
  ASSERT_TRUE(sender);
  ASSERT_TRUE(sender->send(text("k\x1b")));
  ASSERT_EQ(told.get_future().wait_for(minutes(1)), std::future_status::ready);
  ASSERT_TRUE((*started)->stop());
  EXPECT_EQ(failure, "test burn k\x1b too \x1b[31mhot");
  EXPECT_THAT(lines.all(), Contains(HasSubstr("stage test.burn: message ")));
  EXPECT_THAT(lines.all(),
              Contains(HasSubstr(" key k? has failed, after 0 failures: too ?[31mhot")));
  EXPECT_THAT(lines.all(), Contains(HasSubstr("on_failure threw: of the program")));
  EXPECT_THAT(lines.all(), Not(Contains(HasSubstr("\x1b[31mhot"))));
}

}  // namespace
}  // namespace millrace
