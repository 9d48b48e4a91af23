// Model: a simulated large language model that answers a batch of prompts at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::inference {

/// A batch of n requests takes fixed + n · per_item: loading the weights dominates, so that larger
/// batches are cheaper by the request.
struct CostModel {
  std::chrono::microseconds fixed{20'000};
  std::chrono::microseconds per_item{1'000};

  [[nodiscard]] std::chrono::microseconds of(std::size_t requests) const {
    return fixed + per_item * static_cast<std::chrono::microseconds::rep>(requests);
  }
};

/// What became of one prompt of a batch.
struct Completion {
  enum class Kind : std::uint8_t {
    done,
    too_long,       ///< will never fit; `text` says why
    out_of_memory,  ///< may work the next time
  };

  Kind kind = Kind::done;
  std::string text{};
};

/// Lets the given time pass; blocks its caller meanwhile.
using Wait = std::function<void(std::chrono::microseconds)>;

/// Lets real time pass.
void wait_really(std::chrono::microseconds span);

/// Answers prompts by a rule, so that a test can tell whose answer it sees. One call at a time
/// runs, as on one accelerator; others wait for it.
class Model {
 public:
  struct Options {
    CostModel cost{};
    std::size_t prompt_max = 2'000;  ///< characters; longer ones are too_long
    /// One in so many prompts runs out of memory when it is first tried; 0: none.
    std::uint32_t out_of_memory_one_in = 50;
  };

  struct Prompt {
    std::string_view text;
    std::uint32_t tries_before = 0;
  };

  Model(Options options, Wait wait) : options_(options), wait_(std::move(wait)) {}

  /// One completion for each of `prompts`, in order. Blocks for the cost of the batch.
  [[nodiscard]] std::vector<Completion> complete(std::span<const Prompt> prompts);

  /// How many batches of each size were run; index 0 is unused.
  [[nodiscard]] std::vector<std::uint64_t> batches_by_size() const;

  /// The answer to `prompt`.
  [[nodiscard]] static std::string completion_of(std::string_view prompt);

 private:
  [[nodiscard]] Completion complete_one(const Prompt& prompt) const;

  const Options options_;
  const Wait wait_;
  std::mutex accelerator_;
  mutable std::mutex counts_mutex_;
  std::vector<std::uint64_t> batches_by_size_;
};

}  // namespace millrace::inference
