// The node's log: records of all its shards, made durable in groups, confirmed in log order.
//
//   append ──▶ gathering group ──▶ up to groups_max writes in flight ──▶ confirmed in log order
//
// Knows nothing of what a record means. Layout on disk: docs/formats/journal.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "messages/result.hpp"

namespace millrace::journal {

/// Log sequence number: dense, from 1, over all shards. 0 means "none".
using Lsn = std::uint64_t;

/// Where a frame lies: segment number in the high 32 bits, offset in bytes in the low 32.
enum class Place : std::uint64_t {};

[[nodiscard]] constexpr Place make_place(std::uint32_t segment, std::uint32_t offset) {
  return Place{(std::uint64_t{segment} << 32) | offset};
}
[[nodiscard]] constexpr std::uint32_t segment_of(Place place) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(place) >> 32);
}
[[nodiscard]] constexpr std::uint32_t offset_of(Place place) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(place));
}

/// A record on its way: the caller keeps what the record means in a type of its own derived from
/// this, and gets it back when it is durable.
class Proposal {
 public:
  virtual ~Proposal() = default;

  std::uint32_t shard = 0;  ///< shard that decided it
  std::string body;         ///< bytes of the record; released by the journal once written
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

  /// These are durable; calls and elements come in log order, without gaps.
  virtual void on_committed(std::span<Committed> group) = 0;

  /// A write or sync failed: nothing more will ever be confirmed, and the node must stop. Once.
  virtual void on_failed(const Error& error) = 0;
};

/// A frame as recovery or a cold read sees it. `body` lives for the call only.
struct Frame {
  Lsn lsn = 0;
  Place place{};
  std::uint32_t shard = 0;
  std::string_view body;
};

}  // namespace millrace::journal
