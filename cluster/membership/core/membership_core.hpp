// The members of the cluster in one node's view. Every node is configured with all others and sends
// each of them heartbeats with its own state and its view of the rest. Volatile. Pure.
//
//   unknown ─heartbeat─▶ joining ─ready─▶ up ─leave─▶ leaving ─left─▶ removed
//
//   a report with a higher incarnation replaces any state     unreachable: a flag beside the state
//
// Of two reports of a node, the higher incarnation counts, then the later state; so reports may be
// delayed, duplicated and reordered. `unreachable` is this node's own observation; it moves no
// shard and is cleared by the next heartbeat. A node whose own event loop was late attributes the
// silence to itself and suspects no node until the others had time to be heard (see pekko#578).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/membership/core/failure_detector_core.hpp"
#include "messages/cluster.pb.h"

namespace millrace::membership {

struct Limits {
  DurationUs heartbeat_us = 1'000'000;  ///< between two calls of `tick`
  DurationUs late_max_us = 1'000'000;   ///< a tick later than this suspends suspicion
  DetectorLimits detector;
};

struct Member {
  std::string address;            ///< configured; later from the member's heartbeats
  std::uint64_t incarnation = 0;  ///< 0: no heartbeat or view received yet
  pb::MemberState state = pb::MEMBER_UNKNOWN;
  bool unreachable = false;                  ///< this node hears no heartbeat of the member
  std::set<std::string> unreachable_from{};  ///< members that report it unreachable
  std::optional<FailureDetector> detector{};
};

struct Membership {
  Limits limits;
  pb::NodeId self;
  pb::MemberState state = pb::MEMBER_JOINING;
  std::map<std::string, Member> members{};  ///< the configured others, by name
  std::optional<SteadyUs> ticked_us{};      ///< none before the first tick
  SteadyUs trusted_from_us = 0;             ///< no member is suspected before this time
  bool fenced = false;                      ///< a later incarnation of this node exists; final
};

enum class Change {
  joining,
  up,
  leaving,
  removed,      ///< the member has left
  restarted,    ///< a higher incarnation: links and frames of older ones are invalid
  unreachable,  ///< phi exceeded its limit; reversible
  reachable,
  self_late,    ///< this node's own event loop was late
  self_fenced,  ///< a later incarnation of this node exists: this one must stop
};

struct Event {
  Change change;
  std::string member;
  std::uint64_t incarnation;

  friend bool operator==(const Event&, const Event&) = default;
};

struct Effects {
  std::optional<pb::Heartbeat> heartbeat{};  ///< to send to each other node
  std::vector<Event> events{};
};

/// `others` are name and address of the configured nodes. `self.incarnation` is higher than that of
/// any earlier run of this node.
[[nodiscard]] Membership start(const Limits& limits, pb::NodeId self,
                               const std::map<std::string, std::string>& others);

/// Replaces the other nodes: new ones are unknown, and those that are not named any more are
/// forgotten. A changed address counts until the member says another one.
void set_others(Membership& membership, const std::map<std::string, std::string>& others);

/// Call every `heartbeat_us`: updates the reachability of all members and returns a heartbeat.
[[nodiscard]] Effects tick(Membership& membership, SteadyUs now_us);

/// Applies a heartbeat. A heartbeat of an unconfigured node or an older incarnation is ignored.
[[nodiscard]] Effects heard(Membership& membership, const pb::Heartbeat& heartbeat,
                            SteadyUs now_us);

/// Sets this node's state and returns a heartbeat. States only advance; an earlier state is
/// ignored.
[[nodiscard]] Effects advance(Membership& membership, pb::MemberState state);

/// Whether frames of `node` are valid: configured, and not older than its latest incarnation.
[[nodiscard]] bool is_current(const Membership& membership, const pb::NodeId& node);

}  // namespace millrace::membership
