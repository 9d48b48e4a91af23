// GroupState: one group of consumers: its members, and how far its current rebalance has come.
//
//   empty ──join──▶ preparing ──all joined, or deadline──▶ completing ──leader syncs──▶ stable
//     ▲                 ▲  │                                   │                          │
//     └──no members─────┼──┘                                   │                          │
//                       └──member joins, leaves, is late, or has changed──────────────────┘
//
// Each rebalance ends with a new generation: every member that takes part knows its number, and what comes
// with another one is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/time.hpp"

namespace millrace::kafka {

/// Names a request whose answer the core gives, at once or later.
using Ticket = std::uint64_t;

/// A way of assigning partitions that a member knows, with what it says to the leader for it.
struct MemberProtocol {
  std::string name{};
  std::string metadata{};

  friend bool operator==(const MemberProtocol&, const MemberProtocol&) = default;
};

struct GroupMember {
  std::string id{};
  std::optional<std::string> instance{};  ///< of a static member: its name over restarts
  std::string client_id{};
  std::string client_host{};
  DurationUs session_us = 0;                ///< it is given up after so long a silence
  DurationUs rebalance_us = 0;              ///< how long it may take to join a rebalance
  std::vector<MemberProtocol> protocols{};  ///< the preferred one first; none twice
  std::string assignment{};                 ///< of the current generation
  std::uint64_t number = 0;                 ///< a later member has a higher one

  std::optional<Ticket> join{};  ///< waits until the rebalance is complete
  std::optional<Ticket> sync{};  ///< waits for the leader's assignment
  bool has_joined = false;    ///< the rebalance that is being prepared, or the current generation
  bool has_synced = false;    ///< it has asked for its assignment in this generation
  bool is_announced = false;  ///< it was told its id; nobody else can know it
  SteadyUs expires_us = 0;    ///< while it waits for nothing

  [[nodiscard]] bool is_waiting() const { return join || sync; }
  /// REQUIRES: it knows the protocol.
  [[nodiscard]] const std::string& metadata_for(std::string_view protocol) const;
  /// What it holds of the memory of all groups.
  [[nodiscard]] std::size_t bytes() const;
};

struct GroupState {
  enum class Phase : std::uint8_t { empty, preparing, completing, stable };

  Phase phase = Phase::empty;
  std::string protocol_type{};
  std::string protocol{};         ///< of the current generation; empty: there was none
  std::int32_t generation = 0;    ///< 0: there was none
  std::string leader{};           ///< id of a member; empty: none
  std::uint64_t last_number = 0;  ///< given to a member
  std::map<std::string, GroupMember, std::less<>> members{};
  std::map<std::string, std::string, std::less<>>
      statics{};  ///< ids of static members, by their names
  /// Ids that were given out to members that have not joined yet, and when they are forgotten.
  std::map<std::string, SteadyUs, std::less<>> given_ids{};

  bool is_gathering =
      false;  ///< preparing: waits for others until the deadline, though all have joined
  SteadyUs gather_until_us = 0;  ///< gathering ends then at the latest
  /// Preparing: who has not joined is given up. Completing, stable: who has not synced is given up.
  SteadyUs deadline_us = 0;

  [[nodiscard]] GroupMember* find(std::string_view id);
  [[nodiscard]] bool has_all_joined() const;
  [[nodiscard]] DurationUs rebalance_us() const;  ///< the longest of all members
  /// Whether `protocols` of this type have one that each member, except the one with the id `except`, knows.
  [[nodiscard]] bool agrees(std::string_view type, const std::vector<MemberProtocol>& protocols,
                            std::string_view except) const;
  /// The protocol that most members prefer of those that all know; of several the first by name.
  /// REQUIRES: there is one.
  [[nodiscard]] std::string choose_protocol() const;

 private:
  [[nodiscard]] std::map<std::string_view, std::size_t> count_members(
      std::string_view except) const;
};

/// The name that clients know.
[[nodiscard]] const char* name_of(GroupState::Phase phase);

}  // namespace millrace::kafka
