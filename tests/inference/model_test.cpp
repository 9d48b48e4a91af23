// The simulated model: the time of a batch, and the completion of each prompt.
#include "apps/inference/model.hpp"

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::inference {
namespace {

using namespace std::chrono_literals;
using Kind = Completion::Kind;
using ::testing::ElementsAre;

/// A model that adds up the time of its batches instead of waiting.
class ModelTest : public ::testing::Test {
 public:
  Model make(std::uint32_t out_of_memory_one_in = 0) {
    return Model({.cost = {.fixed = 20ms, .per_item = 1ms},
                  .prompt_max = 10,
                  .out_of_memory_one_in = out_of_memory_one_in},
                 [this](std::chrono::microseconds span) { waited_ += span; });
  }
  static std::vector<Completion> complete(Model& model, const std::vector<Model::Prompt>& prompts) {
    return model.complete(prompts);
  }

  std::chrono::microseconds waited_{0};
};

TEST_F(ModelTest, ABatchTakesAFixedTimeAndATimePerRequest) {
  Model model = make();
  complete(model, {{"a"}});
  EXPECT_EQ(waited_, 21ms);
  complete(model, {{"a"}, {"b"}, {"c"}});
  EXPECT_EQ(waited_, 21ms + 23ms);
}

TEST_F(ModelTest, CompletionsAreInTheOrderOfThePrompts) {
  Model model = make();
  const auto completions = complete(model, {{"a"}, {"b"}});
  ASSERT_EQ(completions.size(), 2u);
  EXPECT_EQ(completions[0].text, Model::completion_of("a"));
  EXPECT_EQ(completions[1].text, Model::completion_of("b"));
  EXPECT_NE(completions[0].text, completions[1].text);
}

TEST_F(ModelTest, ALongPromptFailsAlone) {
  Model model = make();
  const auto completions = complete(model, {{"a"}, {"12345678901"}, {"1234567890"}});
  EXPECT_EQ(completions[0].kind, Kind::done);
  EXPECT_EQ(completions[1].kind, Kind::too_long);
  EXPECT_EQ(completions[1].text, "the prompt has 11 characters; expected at most 10");
  EXPECT_EQ(completions[2].kind, Kind::done);
}

TEST_F(ModelTest, APromptRunsOutOfMemoryOnlyAtTheFirstAttempt) {
  Model model = make(1);
  EXPECT_EQ(complete(model, {{"a", 0}})[0].kind, Kind::out_of_memory);
  EXPECT_EQ(complete(model, {{"a", 1}})[0].kind, Kind::done);
}

// worker_test.py expects the same of the model in Python.
TEST_F(ModelTest, CompletionsAreThoseOfBothForms) {
  std::ifstream file(MILLRACE_SOURCE_DIR "/tests/inference/completions.txt");
  int count = 0;
  for (std::string prompt, text; std::getline(file, prompt) && std::getline(file, text); ++count) {
    EXPECT_EQ(Model::completion_of(prompt), text);
  }
  EXPECT_EQ(count, 3);
}

TEST_F(ModelTest, CountsBatchesBySize) {
  Model model = make();
  complete(model, {{"a"}});
  complete(model, {{"a"}, {"b"}, {"c"}});
  complete(model, {{"a"}});
  EXPECT_THAT(model.batches_by_size(), ElementsAre(0, 2, 0, 1));
}

}  // namespace
}  // namespace millrace::inference
