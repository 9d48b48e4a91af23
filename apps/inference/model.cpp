#include "apps/inference/model.hpp"

#include <condition_variable>

#include <zlib.h>

namespace millrace::inference {
namespace {

/// CRC-32, which worker.py computes as well.
std::uint32_t checksum_of(std::string_view prompt) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(prompt.data()), prompt.size()));
}

}  // namespace

void wait_really(std::chrono::microseconds span) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, span, [] { return false; });
}

std::vector<Completion> Model::complete(std::span<const Prompt> prompts) {
  {
    const std::lock_guard lock(counts_mutex_);
    if (batches_by_size_.size() <= prompts.size()) batches_by_size_.resize(prompts.size() + 1);
    ++batches_by_size_[prompts.size()];
  }
  const std::lock_guard lock(accelerator_);
  wait_(options_.cost.of(prompts.size()));
  std::vector<Completion> completions;
  completions.reserve(prompts.size());
  for (const Prompt& prompt : prompts) completions.push_back(complete_one(prompt));
  return completions;
}

Completion Model::complete_one(const Prompt& prompt) const {
  if (prompt.text.size() > options_.prompt_max) {
    return {.kind = Completion::Kind::too_long,
            .text = "the prompt has " + std::to_string(prompt.text.size()) +
                    " characters; expected at most " + std::to_string(options_.prompt_max)};
  }
  if (prompt.tries_before == 0 && options_.out_of_memory_one_in != 0 &&
      checksum_of(prompt.text) % options_.out_of_memory_one_in == 0) {
    return {.kind = Completion::Kind::out_of_memory, .text = "the accelerator is out of memory"};
  }
  return {.text = completion_of(prompt.text)};
}

std::vector<std::uint64_t> Model::batches_by_size() const {
  const std::lock_guard lock(counts_mutex_);
  return batches_by_size_;
}

std::string Model::completion_of(std::string_view prompt) {
  return "to \"" + std::string(prompt.substr(0, 20)) + "\" the answer is " +
         std::to_string(checksum_of(prompt) % 1'000);
}

}  // namespace millrace::inference
