// FollowedLog: follows the log of one node on a thread of its own, until this process takes the log or is not
// interested any more.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "actors/log/engine.hpp"
#include "actors/log/follower.hpp"
#include "actors/runtime/followed_store.hpp"

namespace millrace {

/// How far a log is followed.
struct FollowStatus {
  std::string node{};
  bool is_complete = false;    ///< its checkpoint was read; false: it is, or there is none yet
  logs::Lsn last_lsn = 0;      ///< of the last record that was followed
  std::uint64_t restarts = 0;  ///< how often it began, the first time included
};

/// Any thread may call any function, but for take() and the destructor. Logs when it begins and when it throws
/// away what it has followed, and why.
class FollowedLog {
 public:
  /// `follower`: of `engine`, for the log of `node`.
  FollowedLog(std::string node, std::shared_ptr<logs::Engine> engine,
              std::unique_ptr<logs::Follower> follower, std::shared_ptr<FollowedStore> store);
  /// As end(); waits until the thread has ended.
  ~FollowedLog();
  FollowedLog(const FollowedLog&) = delete;
  FollowedLog& operator=(const FollowedLog&) = delete;

  /// Follows no longer, and frees the memory, on its own thread. Does not block.
  void end();

  /// Follows no longer, and returns what was followed; null if that is not complete. Blocks until the step that
  /// is under way has ended. REQUIRES: end() was not called; this object outlives the use of what is returned
  /// until a runtime has opened the log.
  [[nodiscard]] std::shared_ptr<FollowedStore> take();

  [[nodiscard]] FollowStatus status() const;

 private:
  class Visitor;
  void run();
  void note_mark();
  void note_step(bool is_new);

  const std::string node_;
  const std::shared_ptr<logs::Engine> engine_;
  const std::unique_ptr<logs::Follower> follower_;
  std::shared_ptr<FollowedStore> store_;  ///< of the thread until it has ended
  bool has_caught_up_ = false;            ///< of the thread; since the last restart
  mutable std::mutex mutex_;              ///< guards what follows, but for thread_
  FollowStatus status_;
  bool is_taken_ = false;
  std::thread thread_;
};

}  // namespace millrace
