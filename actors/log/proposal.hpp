// What a log and its users exchange: Proposal goes in, Committed comes out, Listener receives the
// results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "actors/log/frame.hpp"
#include "actors/log/record_bytes.hpp"
#include "messages/result.hpp"

namespace millrace::logs {

/// A record that is proposed to the log. The user derives a class from it that keeps what the
/// record means, and receives the same object in Listener::on_committed().
/// From append() until the listener has received it, only the log may access the fields below.
class Proposal {
 public:
  Proposal() = default;
  Proposal(const Proposal&) = delete;
  Proposal& operator=(const Proposal&) = delete;
  virtual ~Proposal() = default;

  /// Stored in the record's frame; the log does not interpret it.
  std::uint32_t shard = 0;

  /// Whether the record, once durable, lets segments be released. If the log is short of room, such
  /// records go before all others and may use the reserve that is kept for them. An engine without
  /// a reserve ignores it. Equal for all proposals of one append().
  bool makes_room = false;

  /// The record as bytes. on_committed() finds it empty, with its capacity kept, so that a proposal
  /// that is reused allocates nothing.
  std::string body;
};

/// A proposal that has become durable.
struct Committed {
  Lsn lsn = 0;
  Place place{};  ///< of its frame; valid until its segment is released
  std::shared_ptr<Proposal> proposal;
};

/// Receives the results of append(), and what befalls the log. Called on the log's own threads.
/// Implementations must not throw, and must not stop or destroy the log; they may append and read.
class Listener {
 public:
  virtual ~Listener() = default;

  /// The records in `group` are durable: as many copies as the engine promises have them, and no
  /// crash or failover loses them. A record whose commit is in doubt is in no group until the log
  /// knows. Calls and elements come in log order without gaps; calls never overlap. The elements
  /// may be moved from; `group` is valid during the call only.
  virtual void on_committed(std::span<Committed> group) = 0;

  /// No further record will be confirmed, and the node must stop at once. Records that were appended
  /// and not confirmed may be found by the next start, or not. Called at most once, not during
  /// on_committed(), which is not called again. `error` has one of the codes
  ///   fenced          another process has taken the log over: a later start as owner has raised its
  ///                   epoch. Nothing of this process becomes part of the log any more. The process
  ///                   ends with status 75 (EX_TEMPFAIL) and may be started again at once
  ///   storage_failed  a write or sync failed: the kernel may have dropped data
  ///   corrupt         the log no longer holds what this process has written
  virtual void on_failed(const Error& error) = 0;

  /// Log::storage_full() is true. Repeated about once a second while that lasts. May release
  /// segments. Runs on another thread than the calls above and may overlap with them.
  virtual void on_storage_full() {}

  /// Log::storage_full() is false again. On the thread of on_storage_full(), once after it.
  virtual void on_storage_free() {}

  /// Log::is_reachable() has become false: `error`, with the code `log_unreachable`, says why.
  /// Nothing is confirmed until on_reachable(); the node goes on, and the log tries again by itself.
  /// Once per outage, and again when the reason has changed, at most each few seconds; does not overlap with
  /// on_reachable(), may overlap with all other calls.
  virtual void on_unreachable(const Error& /*error*/) {}

  /// Log::is_reachable() is true again; once per outage.
  virtual void on_reachable() {}
};

}  // namespace millrace::logs
