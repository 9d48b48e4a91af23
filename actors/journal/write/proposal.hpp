// The two ends of the log's contract: what is proposed to it, and who hears what became of it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "actors/journal/format/frame.hpp"
#include "messages/result.hpp"

namespace millrace::journal {

/// A record on its way: the caller keeps what the record means in a type of its own derived from
/// this, and gets it back when it is durable.
class Proposal {
 public:
  Proposal() = default;
  Proposal(const Proposal&) = delete;
  Proposal& operator=(const Proposal&) = delete;
  virtual ~Proposal() = default;

  std::uint32_t shard = 0;  ///< shard that decided it

  /// Once it is durable, segments can be released: where room is short it goes before others, and
  /// into segments that are kept for it. Alike for all that are appended together.
  bool makes_room = false;

  /// Bytes of the record. Empty once it was written, with its memory kept, so that a proposal that
  /// is used again needs none.
  std::string body;
};

/// A proposal that is durable now.
struct Committed {
  Lsn lsn = 0;
  Place place{};
  std::shared_ptr<Proposal> proposal;
};

/// Receives what became of proposals. Called by the journal's threads, one call at a time.
class Listener {
 public:
  virtual ~Listener() = default;

  /// These are durable; calls and elements come in log order, without gaps. May append, and may
  /// move from the elements; must not stop or destroy the journal.
  virtual void on_committed(std::span<Committed> group) = 0;

  /// A write or sync failed: nothing more will ever be confirmed, and the node must stop. Once.
  virtual void on_failed(const Error& error) = 0;

  /// Room is short: Journal::storage_full() holds. Said again at least every `allocate_retry` while
  /// that lasts. May release segments. Comes from another thread than the calls above, possibly
  /// during one of them.
  virtual void on_storage_full() {}
};

}  // namespace millrace::journal
