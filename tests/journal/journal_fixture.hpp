// Shared by the journal's tests: records with known bodies, a listener that records its calls, and
// functions that recover and start a journal.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "actors/journal/journal.hpp"

namespace millrace::journal {

/// A confirmed or recovered record, for comparison.
struct Record {
  Lsn lsn = 0;
  std::uint32_t shard = 0;
  std::string body;
  Place place{};

  friend bool operator==(const Record&, const Record&) = default;
};

/// Body for record `lsn`: different for each, at most about `bytes_max` bytes.
inline std::string body_of(Lsn lsn, std::size_t bytes_max = 300) {
  std::string body = "record " + std::to_string(lsn) + ":";
  body.append(lsn * 37 % bytes_max, static_cast<char>('a' + lsn % 26));
  return body;
}

class TestProposal final : public Proposal {
 public:
  explicit TestProposal(std::string text, std::uint32_t to_shard = 0) : copy(text) {
    shard = to_shard;
    body = std::move(text);
  }
  std::string copy;  ///< of the body, which the journal empties
};

/// Records its calls, and lets a test wait for them. Any thread.
class RecordingListener final : public Listener {
 public:
  void on_committed(std::span<Committed> group) override {
    {
      const std::lock_guard lock{mutex_};
      if (failed_) ADD_FAILURE() << "a group was confirmed after the failure";
      for (const Committed& one : group) {
        const auto& proposal = static_cast<const TestProposal&>(*one.proposal);
        records_.push_back({one.lsn, proposal.shard, proposal.copy, one.place});
      }
    }
    changed_.notify_all();
  }
  void on_failed(const Error& error) override {
    {
      const std::lock_guard lock{mutex_};
      if (failed_) ADD_FAILURE() << "the failure was reported twice";
      failed_ = error;
    }
    changed_.notify_all();
  }

  /// Waits until `count` records are confirmed or the journal has failed. False after a minute.
  bool wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::minutes{1},
                             [&] { return records_.size() >= count || failed_; });
  }
  [[nodiscard]] std::vector<Record> records() const {
    const std::lock_guard lock{mutex_};
    return records_;
  }
  [[nodiscard]] std::optional<Error> failed() const {
    const std::lock_guard lock{mutex_};
    return failed_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Record> records_;
  std::optional<Error> failed_;
};

/// Everything that recovery reads from a data directory.
struct Contents {
  Recovered recovered;
  std::vector<std::pair<Section, std::string>> entries;
  std::vector<Record> records;
};

inline Result<Contents> read_all(const DataDirectory& directory) {
  Contents contents;
  Result<Recovered> recovered = recover(
      directory,
      [&](Section section, std::string_view bytes) {
        contents.entries.emplace_back(section, bytes);
        return Result<void>{};
      },
      [&](const Frame& frame) {
        contents.records.push_back({frame.lsn, frame.shard, std::string{frame.body}, frame.place});
        return Result<void>{};
      });
  if (!recovered) return recovered.error();
  contents.recovered = *std::move(recovered);
  return contents;
}

/// A started journal, and what recovery read before.
struct Opened {
  std::unique_ptr<Journal> journal;
  Contents contents;
};

inline Result<Opened> open_journal(FileSystem& files, const FileSystem::Path& path,
                                   const Options& options, Listener& listener) {
  Result<DataDirectory> directory = DataDirectory::open(files, path, Opener::writer);
  if (!directory) return directory.error();
  Result<Contents> contents = read_all(*directory);
  if (!contents) return contents.error();
  Result<std::unique_ptr<Journal>> journal =
      Journal::start(*std::move(directory), contents->recovered, options, listener);
  if (!journal) return journal.error();
  return Opened{*std::move(journal), *std::move(contents)};
}

/// Options with small segments, so that tests use many.
inline Options small_options() {
  Options options;
  options.segment_bytes = 64U << 10;
  options.record_bytes_max = 32U << 10;
  options.group_bytes_max = 16U << 10;
  options.free_bytes_min = 0;
  options.reserve_segments = 2;
  return options;
}

inline std::shared_ptr<Proposal> make_proposal(std::string body, std::uint32_t shard = 0) {
  return std::make_shared<TestProposal>(std::move(body), shard);
}

inline std::shared_ptr<Proposal> make_room_proposal(std::string body) {
  std::shared_ptr<Proposal> made = make_proposal(std::move(body));
  made->makes_room = true;
  return made;
}

/// Fails the test with the operation's error, if there is one.
#define ASSERT_OK(operation)                         \
  do {                                               \
    const auto& outcome = (operation);               \
    ASSERT_TRUE(outcome) << outcome.error().message; \
  } while (false)

#define EXPECT_OK(operation)                         \
  do {                                               \
    const auto& outcome = (operation);               \
    EXPECT_TRUE(outcome) << outcome.error().message; \
  } while (false)

}  // namespace millrace::journal
