// Engine: opens the log of a node, for one run of the node or to read what a stopped one left.
//
//   Engine::open ──▶ OpenedLog::recover ──▶ read ⋯            Opener::reader: changes nothing
//                                       └─▶ start ──▶ Log     Opener::writer
//
// What a Follower has visited before is not read again: OpenedLog::recover_rest in place of recover.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "actors/log/checkpoint.hpp"
#include "actors/log/follower.hpp"
#include "actors/log/frame.hpp"
#include "actors/log/log.hpp"
#include "actors/log/opener.hpp"
#include "actors/log/proposal.hpp"
#include "messages/result.hpp"

namespace millrace::logs {

/// What recovery has read, without records and entries.
struct Recovered {
  Lsn last_lsn = 0;             ///< of the last record; 0: the log is empty
  Lsn replay_from = 1;          ///< first record that was visited, if there are any
  bool has_checkpoint = false;  ///< a checkpoint's entries were visited
  std::vector<std::string>
      warnings;  ///< for the operator, such as a damaged checkpoint; one a line
};

/// A log that was opened, and has not been started. Not thread-safe.
class OpenedLog {
 public:
  OpenedLog() = default;
  /// Gives the log up, so that another process may open it.
  virtual ~OpenedLog() = default;
  OpenedLog(const OpenedLog&) = delete;
  OpenedLog& operator=(const OpenedLog&) = delete;

  /// A number that grows with each opening as writer, by whatever process: the epoch that fences
  /// earlier writers. 0: the engine keeps none, as its lock suffices.
  [[nodiscard]] virtual std::uint64_t epoch() const { return 0; }

  /// Name of the node whose log it is. Empty: the engine does not know it.
  [[nodiscard]] virtual std::string node() const { return {}; }

  /// Visits the entries of the newest intact checkpoint, then every record from its `replay_from`
  /// on, in order without gaps. Called once. Changes nothing that a reader would see.
  ///
  /// If the newest checkpoint is damaged, an engine may use an intact one before it, provided that
  /// the log still reaches back to that one's `replay_from`.
  ///
  /// Fails with `corrupt` (confirmed data fails its check, or no usable checkpoint is left; the
  /// message says where), `unsupported_version`, `storage_failed`, `log_unreachable`, `fenced`,
  /// `draining` (see Engine::cancel()), or the error of a visitor, which ends the reading. After a
  /// failure the visitors may have received a part, and this object is of no further use. Blocks.
  virtual Result<Recovered> recover(const EntryVisitor& on_entry, const FrameVisitor& on_frame) = 0;

  /// Whether what a Follower of this log has visited is the beginning of the log as it was opened, so that
  /// recover_rest() may take the place of recover(). Fails with `outdated` if not; the message says why.
  [[nodiscard]] virtual Result<void> check_followed(const FollowMark& /*mark*/) const {
    return Error{ErrorCode::outdated, "this engine follows no log"};
  }

  /// As recover(), but visits no entry, and of the records only those behind mark.last_lsn. Returns the
  /// same. REQUIRES: check_followed(mark) has succeeded.
  virtual Result<Recovered> recover_rest(const FollowMark& mark, const FrameVisitor& /*on_frame*/) {
    return check_followed(mark).error();
  }

  /// As Log::read(). REQUIRES: recover() has succeeded, and start() was not called.
  virtual Result<void> read(std::span<const Place> places, const PlaceVisitor& visit) = 0;

  /// As Log::files(), to read. Lives until start().
  [[nodiscard]] virtual FileStore* files() { return nullptr; }

  /// Continues the log behind the last recovered record, in a new segment. This object may only be
  /// destroyed then. Makes durable what recovery has read before the node relies on it. Blocks,
  /// perhaps for as long as the server cannot be reached. Fails with `invalid_argument` (an option
  /// is out of range), `storage_failed`, `fenced`, `draining` (see Engine::cancel()).
  /// REQUIRES: opened as writer, and recover() has succeeded; `listener` must remain live until the
  /// log is destroyed.
  virtual Result<std::unique_ptr<Log>> start(Listener& listener) = 0;
};

/// An engine with its options: knows where one log lies. Any thread may call any function.
class Engine {
 public:
  Engine() = default;
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Opens the log; as writer makes it first if there is none. As writer, everything that another
  /// process has appended is either durable and recovered, or never becomes part of the log: an
  /// engine that cannot lock the other process out fences it. Blocks, perhaps for as long as the
  /// server cannot be reached or another process owns the log. May be called again when the opened
  /// log was destroyed. REQUIRES: the engine outlives what it opened, and the log started from that.
  /// Fails with
  ///   invalid_argument     an option is out of range, or the server does not promise what a log
  ///                        needs; the message says what to set
  ///   not_found            there is no log; as reader only
  ///   storage_locked       another process has it open, and the engine does not wait for it
  ///   foreign_file         it holds what is not Millrace's
  ///   unsupported_version  a newer version wrote it, or the server is too old
  ///   unauthenticated      the server refuses the user
  ///   log_unreachable      the server cannot be reached; as reader only
  ///   corrupt, storage_failed
  ///   draining             see cancel()
  [[nodiscard]] virtual Result<std::unique_ptr<OpenedLog>> open(Opener opener) = 0;

  /// Follows the log of `node` while other processes write it; null: the engine cannot. Connects to nothing
  /// yet. `interval`: until the next look after one that has found nothing new; at least 1 ms. REQUIRES: the
  /// engine outlives the follower.
  [[nodiscard]] virtual std::unique_ptr<Follower> follow(const std::string& /*node*/,
                                                         std::chrono::milliseconds /*interval*/) {
    return nullptr;
  }

  /// Ends open(), recover() and start() in progress, and all later ones, with `draining`: the
  /// process is to end. Does not block. An engine that never waits for anybody does nothing.
  virtual void cancel() {}

  /// Whether OpenedLog::files() and Log::files() are not null.
  [[nodiscard]] virtual bool keeps_files() const { return false; }

  /// Where the log lies, for messages to people: a directory, or a server and a name. Holds no
  /// secret.
  [[nodiscard]] virtual std::string where() const = 0;
};

}  // namespace millrace::logs
