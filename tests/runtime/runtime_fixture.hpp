// Helpers for tests of a whole runtime: small segments, messages of a few KB, and a count of the
// messages that were handled.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"

namespace millrace {

using google::protobuf::StringValue;

/// A message is its name, a colon and padding; its key is the name.
inline StringValue message(const std::string& name, std::size_t padding = 4'000) {
  StringValue out;
  out.set_value(name + ':' + std::string(padding, 'x'));
  return out;
}
inline std::string name_of(const StringValue& message) {
  return message.value().substr(0, message.value().find(':'));
}

inline const QueueRef<StringValue>& work() {
  static const auto ref = queue<StringValue>("test.work").key_by(name_of);
  return ref;
}

/// By name: how often the handler of the message returned.
class Seen {
 public:
  void add(const std::string& name) {
    {
      const std::lock_guard lock(mutex_);
      ++counts_[name];
    }
    changed_.notify_all();
  }
  /// Waits until `names` different messages were handled. Returns false after a minute.
  bool wait_for(std::size_t names) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1),
                             [&] { return counts_.size() >= names; });
  }
  bool wait_for_name(const std::string& name) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return counts_.contains(name); });
  }
  [[nodiscard]] std::map<std::string, int> counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> counts_;
};

/// Segments of 2 MiB: a group, an offer and a step of a compaction fit, and tests see many of them.
inline RuntimeOptions small_runtime(const std::filesystem::path& data_dir) {
  RuntimeOptions options;
  options.data_dir = data_dir;
  options.shards = 2;
  options.journal.segment_bytes = 2u << 20;
  options.journal.record_bytes_max = (2u << 20) - 8192;
  options.journal.free_bytes_min = 4u << 20;
  options.journal.allocate_retry = std::chrono::milliseconds(20);
  options.checkpoint_log_bytes = 4u << 20;
  return options;
}

inline std::size_t segment_files(const std::filesystem::path& data_dir) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir / "segments")) {
    if (entry.path().extension() == ".seg") ++files;
  }
  return files;
}

/// Returns the result of an operation; the test fails with its error if it has one.
#define ASSERT_OK(operation)                         \
  do {                                               \
    const auto& outcome = (operation);               \
    ASSERT_TRUE(outcome) << outcome.error().message; \
  } while (false)

}  // namespace millrace
