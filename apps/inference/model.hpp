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

/// A batch of n requests takes fixed + n · per_item. Loading the weights dominates, so larger
/// batches cost less per request.
struct CostModel {
  std::chrono::microseconds fixed{20'000};
  std::chrono::microseconds per_item{1'000};

  [[nodiscard]] std::chrono::microseconds of(std::size_t requests) const {
    return fixed + per_item * static_cast<std::chrono::microseconds::rep>(requests);
  }
};

/// Result of one prompt of a batch.
struct Completion {
  enum class Kind : std::uint8_t {
    done,
    too_long,       ///< permanent; `text` is the reason
    out_of_memory,  ///< temporary; may be retried
  };

  Kind kind = Kind::done;
  std::string text{};
};

/// Blocks for the given time; tests replace it.
using Wait = std::function<void(std::chrono::microseconds)>;

/// Sleeps for `span`.
void wait_really(std::chrono::microseconds span);

/// Computes each answer from its prompt, so that tests can match them. Thread-safe; calls run one
/// at a time, as on one accelerator.
class Model {
 public:
  struct Options {
    CostModel cost{};
    std::size_t prompt_max = 2'000;  ///< characters; longer ones are too_long
    /// One prompt in this many runs out of memory at its first attempt; 0: none.
    std::uint32_t out_of_memory_one_in = 50;
  };

  struct Prompt {
    std::string_view text;
    std::uint32_t tries_before = 0;
  };

  Model(Options options, Wait wait) : options_(options), wait_(std::move(wait)) {}

  /// One completion for each of `prompts`, in order. Blocks for the cost of the batch.
  [[nodiscard]] std::vector<Completion> complete(std::span<const Prompt> prompts);

  /// Number of batches by size; index 0 is unused.
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
