// Follower: reads the log of a node while another process writes it, so that a takeover reads only the rest.
//
//   Engine::follow ──▶ advance() ⋯ advance() ──▶ mark() ──▶ OpenedLog::check_followed ──▶ recover_rest
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "actors/log/checkpoint.hpp"
#include "actors/log/file_store.hpp"
#include "actors/log/frame.hpp"
#include "messages/result.hpp"

namespace millrace::logs {

/// What was followed, for OpenedLog::check_followed().
struct FollowMark {
  bool is_complete = false;  ///< the whole checkpoint was visited; else nobody goes on from here
  Lsn last_lsn = 0;          ///< all records up to this one are in what was visited
  std::string log{};         ///< which log, on which run of a server; empty: nothing is followed
};

/// Receives what Follower::advance() finds. An error ends the step and reaches the caller of advance();
/// the next step begins anew.
class FollowVisitor {
 public:
  FollowVisitor() = default;
  virtual ~FollowVisitor() = default;
  FollowVisitor(const FollowVisitor&) = delete;
  FollowVisitor& operator=(const FollowVisitor&) = delete;

  /// What was visited before is void: it may not be the log, or the log went on without it. Called before
  /// anything else, and when there is no log any more. `reason`: for people. `files`: as Log::files(), to
  /// read; null: there are none. It lives until the next call, or the end of the follower.
  virtual Result<void> restart(const std::string& reason, FileStore* files) = 0;
  /// An entry of the checkpoint. As an EntryVisitor.
  virtual Result<void> on_entry(Section section, std::string_view bytes) = 0;
  /// A record, in log order from the checkpoint's `replay_from` on, without gaps. As a FrameVisitor.
  virtual Result<void> on_frame(const Frame& frame) = 0;
};

/// Changes nothing that others see, and holds up neither the writer of the log nor a takeover. What it visits
/// may not be durable yet, as with everything that is visible and not confirmed: it may serve only after
/// OpenedLog::check_followed(). Not thread-safe, but for cancel().
class Follower {
 public:
  Follower() = default;
  virtual ~Follower() = default;
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  /// Visits a bounded part of what is new; returns whether there was anything. Waits while it would look
  /// sooner than the engine's interval after a look that found nothing, or after a failure. Fails with
  ///   log_unreachable   the server cannot be reached; what was visited may hold still
  ///   corrupt           what the log holds fails its check; the next call begins anew
  ///   draining          cancel() was called
  /// or with the error of the visitor. Blocks.
  [[nodiscard]] virtual Result<bool> advance(FollowVisitor& visitor) = 0;

  /// Of what was visited. After a failure of the visitor: an empty one.
  [[nodiscard]] virtual FollowMark mark() const = 0;

  /// Ends a call of advance() that waits, and all later ones. Does not block. Any thread.
  virtual void cancel() = 0;
};

}  // namespace millrace::logs
