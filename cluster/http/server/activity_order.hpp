// ActivityOrder: which connection is closed to make room. No clock, no socket.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "cluster/http/message/http_message.hpp"
#include "cluster/http/server/server_options.hpp"

namespace millrace::http {

/// What a connection is occupied with, in the order in which connections are closed to make room.
enum class Occupation : std::uint8_t {
  lingering,         ///< answered for the last time
  idle,              ///< waits for a request; closed only after fresh_time
  reading_head,      ///< has a part of a head; closed only after fresh_time
  reading_body,      ///< closed only if it makes no progress
  sending,           ///< its client takes an answer; closed only if it makes no progress
  waiting_for_room,  ///< its body is not read yet; closed only after stall_time
  working,           ///< with a handler, or a stream that has sent all: never closed
};

/// Holds, for each occupation, its connections by the time since when they made no progress.
class ActivityOrder {
 public:
  using Id = std::uint64_t;

  /// Adds the connection `id`, or notes its progress or new occupation, at `now`. `now` never
  /// decreases. `peer` counts for the first call only.
  void note(Id id, Occupation occupation, SteadyTime now, const std::string& peer = {});
  void remove(Id id);

  /// The connection to close for a new one: of the first occupation that has any, the one without
  /// progress for longest. One that reads a body, sends or waits for room qualifies after
  /// `stall_time`; one that is idle or reads a head after `fresh_time`, or if more than half of all
  /// connections do either.
  [[nodiscard]] std::optional<Id> longest(SteadyTime now) const;
  /// As longest(), of the connections of one peer. Linear in the number of connections.
  [[nodiscard]] std::optional<Id> longest_of(const std::string& peer, SteadyTime now) const;
  /// The one of `occupation` without progress for longest, if for `stall_time` at least.
  [[nodiscard]] std::optional<Id> stalled(Occupation occupation, SteadyTime now) const;

  [[nodiscard]] std::size_t count_of(const std::string& peer) const;
  [[nodiscard]] std::size_t size() const { return places_.size(); }

 private:
  struct Entry {
    Id id = 0;
    SteadyTime progress_at{};
    std::string peer{};
  };
  struct Place {
    Occupation occupation = Occupation::idle;
    std::list<Entry>::iterator entry{};
  };

  [[nodiscard]] std::list<Entry>& list_of(Occupation occupation) {
    return lists_[static_cast<std::size_t>(occupation)];
  }
  [[nodiscard]] const std::list<Entry>& list_of(Occupation occupation) const {
    return lists_[static_cast<std::size_t>(occupation)];
  }

  std::array<std::list<Entry>, 7> lists_{};  ///< each by progress_at, the earliest first
  std::unordered_map<Id, Place> places_{};
  std::unordered_map<std::string, std::size_t> peers_{};  ///< connections of each; none is 0
};

}  // namespace millrace::http
