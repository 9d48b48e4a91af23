// The contract between the log and its users: Proposal goes in, Committed comes out, Listener
// receives the results.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "actors/journal/format/frame.hpp"
#include "messages/result.hpp"

namespace millrace::journal {

/// A record that is proposed to the log. The user derives a class from it that keeps what the
/// record means, and receives the same object in Listener::on_committed().
/// From append() until the listener has received it, only the journal may access the fields below.
class Proposal {
 public:
  Proposal() = default;
  Proposal(const Proposal&) = delete;
  Proposal& operator=(const Proposal&) = delete;
  virtual ~Proposal() = default;

  /// Stored in the record's frame; the journal does not interpret it.
  std::uint32_t shard = 0;

  /// Whether the record, once durable, lets segments be released. If the disk is short of room,
  /// such records go before all others and may use the reserve that is kept for them.
  /// Equal for all proposals of one append().
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

/// Receives the results of append(). Called on the journal's own threads. Implementations must not
/// throw, and must not stop or destroy the journal; they may append and read.
class Listener {
 public:
  virtual ~Listener() = default;

  /// The records in `group` are durable. Calls and elements come in log order without gaps; calls
  /// never overlap. The elements may be moved from; `group` is valid during the call only.
  virtual void on_committed(std::span<Committed> group) = 0;

  /// A write or sync failed: no further record will be confirmed, and the node must stop, because
  /// the kernel may have dropped data. Called at most once, not during on_committed().
  virtual void on_failed(const Error& error) = 0;

  /// Journal::storage_full() is true. Repeated at least every `allocate_retry` while that lasts.
  /// May release segments. Runs on another thread than the calls above and may overlap with them.
  virtual void on_storage_full() {}

  /// Journal::storage_full() is false again. On the thread of on_storage_full(), once after it.
  virtual void on_storage_free() {}
};

}  // namespace millrace::journal
