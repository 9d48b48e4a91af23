// Promise: a message whose handler ends the process becomes a dead letter, `poison`, after a few
// starts, and everything else is handled; a process that is killed from outside makes no message a
// dead letter. Pure, in virtual time, and with a process that its handler kills.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/receiver/running_table.hpp"
#include "actors/runtime/running_file.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/testing/pipeline_test.hpp"
#include "messages/error_code.hpp"
#include "tests/journal/temporary_directory.hpp"
#include "tests/pipeline/words.hpp"

namespace millrace {
namespace {

using namespace std::chrono_literals;
using google::protobuf::StringValue;
using queues::InterruptedCall;
using receivers::RunningTable;
using test::text;
using test::words;

constexpr auto poison = static_cast<std::uint32_t>(ErrorCode::poison);

// --- What a death means ---

/// A queue with live messages 1 to `count`.
struct Suspicions : ::testing::Test {
  Suspicions() { state.number = 7; }
  void add(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) state.durable.index.add(state.durable.index.last() + 1);
  }
  /// The process ends while `calls` are handled.
  void die(const std::vector<InterruptedCall>& calls, bool drained = false) {
    const auto find = [this](queues::QueueNumber number) {
      return number == 7 ? &state : nullptr;
    };
    for (const pb::Suspect& suspect : queues::decide_suspects(calls, drained, find)) {
      queues::apply_suspect(state, suspect);
    }
  }
  static InterruptedCall call(queues::Sequence from, queues::Sequence to) {
    InterruptedCall call;
    for (queues::Sequence sequence = from; sequence <= to; ++sequence) {
      call.messages.emplace_back(7, sequence);
    }
    return call;
  }
  static InterruptedCall alone(queues::Sequence sequence) {
    InterruptedCall one = call(sequence, sequence);
    one.was_alone = true;
    return one;
  }
  [[nodiscard]] bool runs_alone(queues::Sequence sequence) const {
    return queues::runs_alone(state, sequence, *state.durable.index.find(sequence));
  }
  [[nodiscard]] bool is_poison(queues::Sequence sequence) const {
    return queues::is_poison(state, sequence, *state.durable.index.find(sequence));
  }

  queues::State state;
};

TEST_F(Suspicions, FallOnWhatWasHandledAndOnNothingElse) {
  add(4);
  die({call(1, 2), call(3, 3)});
  for (const queues::Sequence sequence : {1, 2, 3}) {
    EXPECT_TRUE(runs_alone(sequence));
    EXPECT_FALSE(is_poison(sequence));
  }
  EXPECT_FALSE(runs_alone(4));
}

TEST_F(Suspicions, OfAMessageThatWasAloneThreeTimesMakeItPoison) {
  add(1);
  for (int deaths = 1; deaths <= 3; ++deaths) {
    EXPECT_FALSE(is_poison(1));
    die({call(1, 1)});
  }
  EXPECT_TRUE(is_poison(1));
}

TEST_F(Suspicions, DoNotGrowForThoseBesideASuspectThatRanAlone) {
  add(3);
  die({call(1, 2)});
  for (int deaths = 0; deaths < 3; ++deaths) die({alone(1), call(3, 3)});
  EXPECT_TRUE(is_poison(1));
  EXPECT_FALSE(is_poison(2));
  EXPECT_FALSE(is_poison(3));
}

TEST_F(Suspicions, OfALargeCrowdSlowNothingDownUntilItDiesAgain) {
  add(200);
  die({call(1, 100)});
  EXPECT_FALSE(runs_alone(50));
  die({call(1, 40), call(101, 200)});
  EXPECT_TRUE(runs_alone(40));
  EXPECT_FALSE(runs_alone(50));
  EXPECT_FALSE(runs_alone(150));
}

TEST_F(Suspicions, OfManyKillsFromOutsideMakeNothingPoison) {
  add(200);
  for (int kills = 0; kills < 50; ++kills) die({call(1, 8), call(9, 16)});
  for (queues::Sequence sequence = 1; sequence <= 16; ++sequence) EXPECT_FALSE(is_poison(sequence));
}

TEST_F(Suspicions, OfADrainThatIsCutShortAreNoMessagesOwn) {
  add(1);
  for (int kills = 0; kills < 10; ++kills) die({alone(1)}, true);
  EXPECT_FALSE(is_poison(1));
}

TEST_F(Suspicions, FallOnNoMessageThatIsGone) {
  die({call(1, 2), InterruptedCall{{{9, 1}}, false}});
  EXPECT_TRUE(state.durable.failures.empty());
}

// --- The table ---

TEST(RunningTable, SaysWhatWasHandled) {
  std::vector<std::uint64_t> words(64);
  bool drained = false;
  {
    const auto table = std::make_shared<RunningTable>(words, nullptr);
    const auto first = table->claim(2);
    const auto second = table->claim(1);
    ASSERT_TRUE(first && second);
    first->add(3, 10);
    first->add(3, 11);
    first->begin(false);
    second->add(4, 7);
    second->begin(true);
    const auto calls = RunningTable::read(words, drained);
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[0].messages,
              (std::vector<std::pair<queues::QueueNumber, queues::Sequence>>{{3, 10}, {3, 11}}));
    EXPECT_FALSE(calls[0].was_alone);
    EXPECT_TRUE(calls[1].was_alone);
    first->clear();
    EXPECT_EQ(RunningTable::read(words, drained).size(), 1u);
    EXPECT_FALSE(drained);
    table->begin_drain();
    EXPECT_EQ(RunningTable::read(words, drained).size(), 1u);
    EXPECT_TRUE(drained);
    table->close();
    EXPECT_TRUE(RunningTable::read(words, drained).empty());
  }
  EXPECT_EQ(std::make_shared<RunningTable>(words, nullptr)->claim(1'000), nullptr);
  EXPECT_TRUE(RunningTable::read(words, drained).empty());
}

TEST(RunningTable, ReadsNothingFromOtherBytes) {
  bool drained = false;
  EXPECT_TRUE(RunningTable::read({}, drained).empty());
  std::vector<std::uint64_t> words(64, ~std::uint64_t{0});
  EXPECT_TRUE(RunningTable::read(words, drained).empty());
  std::make_shared<RunningTable>(words, nullptr);
  words[2] = ~std::uint64_t{0};  // the size of a slot
  EXPECT_TRUE(RunningTable::read(words, drained).empty());
  words[2] = 6;
  words[3] = 1'000'000;  // its number of messages
  EXPECT_EQ(RunningTable::read(words, drained).at(0).messages.size(), 2u);
}

TEST(RunningFile, KeepsItsWordsAndFollowsNoLink) {
  const journal::TemporaryDirectory directory;
  const std::filesystem::path path = directory.path() / "running";
  const mode_t umask_before = ::umask(0077);
  {
    const auto opened = open_running_file(path, 100);
    ASSERT_TRUE(opened) << opened.error().message;
    opened->words[99] = 42;
  }
  ::umask(umask_before);
  const auto again = open_running_file(path, 10);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->words[99], 42u);
  struct stat info = {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0640u);
  std::filesystem::create_symlink("elsewhere", directory.path() / "link");
  EXPECT_FALSE(open_running_file(directory.path() / "link", 10));
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "elsewhere"));
  ASSERT_EQ(::mkfifo((directory.path() / "fifo").c_str(), 0600), 0);
  EXPECT_FALSE(open_running_file(directory.path() / "fifo", 10));
}

// --- A node ---

/// Ends the process at each message named "boom".
struct Kill {
  std::shared_ptr<PipelineTest*> test;
  std::shared_ptr<std::map<std::string, int>> calls;
  void operator()(const StringValue& in) const {
    ++(*calls)[in.value()];
    if (in.value() == "boom") (*test)->end_process();
  }
};

class KillingHandler : public ::testing::TestWithParam<bool> {
 protected:
  KillingHandler() {
    test_ = std::make_unique<PipelineTest>(
        std::vector<PipelineSpec>{pipeline("test").from(words()).then(
            "kill", Kill{handle_, calls_}, {.workers = 2, .blocking = GetParam()})},
        PipelineTestOptions{.shards = 2});
    *handle_ = test_.get();
  }

  const std::shared_ptr<PipelineTest*> handle_ = std::make_shared<PipelineTest*>(nullptr);
  const std::shared_ptr<std::map<std::string, int>> calls_ =
      std::make_shared<std::map<std::string, int>>();
  std::unique_ptr<PipelineTest> test_;
};

TEST_P(KillingHandler, IsGivenUpAndTheOthersAreHandled) {
  for (const char* word : {"a", "boom", "b", "c"}) test_->send(words(), text(word));
  test_->advance(10s);
  const auto letters = test_->messages("test.words.dead");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].envelope.key(), "boom");
  EXPECT_EQ(letters[0].envelope.dead_letter().code(), poison);
  EXPECT_EQ(test_->ledger("test.words").acked, 3u);
  EXPECT_LE((*calls_)["boom"], 4);
}

TEST_P(KillingHandler, IsGivenUpEachWhereThereAreSeveral) {
  for (const char* word : {"boom", "a", "boom", "b", "boom"}) test_->send(words(), text(word));
  test_->advance(10s);
  EXPECT_EQ(test_->messages("test.words.dead").size(), 3u);
  EXPECT_EQ(test_->ledger("test.words").acked, 2u);
}

INSTANTIATE_TEST_SUITE_P(Blocking, KillingHandler, ::testing::Bool());

/// Every crash hits what happens to run, and no message is at fault.
TEST(KilledNode, MakesNoMessagePoison) {
  const auto handle = std::make_shared<PipelineTest*>(nullptr);
  const auto calls = std::make_shared<int>(0);
  PipelineTest test(
      {pipeline("test").from(words()).then("work",
                                           [handle, calls](const StringValue& /*in*/) {
                                             if (++*calls % 23 == 0) (*handle)->end_process();
                                           },
                                           {.workers = 3, .blocking = true})},
      {.shards = 4, .seed = 11});
  *handle = &test;
  for (int i = 0; i < 200; ++i) test.send(words(), text(std::to_string(i)));
  test.advance(60s);
  EXPECT_EQ(test.ledger("test.words").acked, 200u);
  EXPECT_EQ(test.ledger("test.words").dead, 0u);
}

// --- A process ---

constexpr const char* directory_variable = "MILLRACE_KILLING_HANDLER_DIR";
constexpr int others = 200;

struct KillForReal {
  void operator()(const StringValue& in) const {
    if (in.value() == "boom") ::raise(SIGKILL);
  }
};

/// The process of the test below: runs a node until all messages are done.
TEST(KillingHandlerProcess, Node) {
  const char* const directory = std::getenv(directory_variable);
  if (directory == nullptr) GTEST_SKIP() << "started by KillingHandlerProcess.EndsUp";
  ::alarm(60);
  const bool is_first = !std::filesystem::exists(std::filesystem::path(directory) / "data");
  const std::vector<PipelineSpec> pipelines{
      pipeline("test").from(words()).then("kill", KillForReal{}, {.workers = 2, .blocking = true})};
  auto started = Runtime::start(
      {.data_dir = std::filesystem::path(directory) / "data", .shards = 2}, pipelines);
  ASSERT_TRUE(started) << started.error().message;
  Runtime& runtime = **started;
  if (is_first) {
    auto sender = runtime.sender(words(), {.producer = "test"});
    ASSERT_TRUE(sender);
    for (int i = 0; i < others; ++i) ASSERT_TRUE(sender->send(text(std::to_string(i))));
    ASSERT_TRUE(sender->flush());
    ASSERT_TRUE(sender->send(text("boom")));
  }
  const auto ledger = [&] {
    for (const QueueInfo& info : runtime.queues()) {
      if (info.name == "test.words") return info.ledger;
    }
    return queues::Ledger();
  };
  while (ledger().acked + ledger().dead < others + 1) continue;
  EXPECT_EQ(ledger().dead, 1u);
  const auto letters = runtime.peek("test.words.dead", 10);
  ASSERT_TRUE(letters);
  ASSERT_EQ(letters->size(), 1u);
  EXPECT_EQ(letters->at(0).envelope.key(), "boom");
  EXPECT_EQ(letters->at(0).envelope.dead_letter().code(), poison);
  EXPECT_TRUE(runtime.stop());
}

/// Starts the node above and waits for its end. Returns the status of waitpid().
int run_node(const std::filesystem::path& directory) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string filter = "--gtest_filter=KillingHandlerProcess.Node";
  const std::string variable = std::string(directory_variable) + "=" + directory.string();
  std::vector<char*> arguments{const_cast<char*>(self.c_str()), const_cast<char*>(filter.c_str()),
                               nullptr};
  std::vector<char*> environment{const_cast<char*>(variable.c_str()), nullptr};
  const pid_t child = ::fork();
  if (child == 0) {
    ::execve(self.c_str(), arguments.data(), environment.data());
    ::_exit(127);
  }
  int status = -1;
  if (child > 0) ::waitpid(child, &status, 0);
  return status;
}

TEST(KillingHandlerProcess, EndsUpAsADeadLetter) {
  if (std::getenv(directory_variable) != nullptr) GTEST_SKIP();
  const journal::TemporaryDirectory directory;
  int deaths = 0;
  int status = run_node(directory.path());
  while (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && deaths < 10) {
    ++deaths;
    status = run_node(directory.path());
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  EXPECT_GE(deaths, 3) << "a single death is not enough";
  EXPECT_LE(deaths, 5);
}

}  // namespace
}  // namespace millrace
