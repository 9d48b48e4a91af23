// SeenMessages: which messages of `bench publish` have been received, so that repeated ones are counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace millrace::bench {

/// A bit for each number up to the highest one of a run. Thread-safe.
class SeenMessages {
 public:
  static constexpr std::size_t runs_max = 1'000;
  /// Numbers of all runs together: 128 MiB. What is beyond is not remembered.
  static constexpr std::uint64_t numbers_max = std::uint64_t{1} << 30;

  /// Returns whether the message was seen before.
  bool insert(const std::string& run, std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    const auto found = runs_.find(run);
    if (found == runs_.end() && runs_.size() == runs_max) return false;
    std::vector<bool>& seen = found == runs_.end() ? runs_[run] : found->second;
    if (number >= seen.size()) {
      const std::uint64_t more = number + 1 - seen.size();
      if (more > numbers_max - numbers_) return false;
      numbers_ += more;
      seen.resize(static_cast<std::size_t>(number) + 1);
    }
    const bool was_seen = seen[static_cast<std::size_t>(number)];
    seen[static_cast<std::size_t>(number)] = true;
    return was_seen;
  }

 private:
  std::mutex mutex_;  ///< guards what follows
  std::unordered_map<std::string, std::vector<bool>> runs_{};
  std::uint64_t numbers_ = 0;  ///< sizes of all bitmaps
};

}  // namespace millrace::bench
