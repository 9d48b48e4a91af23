// Who is in the cluster, as one node sees it. Every node is configured with all the others and
// sends each of them a heartbeat, which carries its own state and how it sees the rest.
//
//   unknown ─heard of─▶ joining ─ready─▶ up ─leave─▶ leaving ─left─▶ removed
//      any of them ─a higher incarnation─▶ that one's state          unreachable: a flag beside it
//
// Of two reports of a node the higher incarnation counts, then the later state, so that reports may
// come late, twice and in any order. `unreachable` says what this node hears itself, moves no
// shard, and goes with the next heartbeat. A node whose own event loop was late blames nobody: it
// takes the silence for its own until the others had time to be heard (see pekko#578). Volatile;
// pure.
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
  DurationUs late_max_us =
      1'000'000;  ///< a tick that is later than this makes the node doubt itself
  DetectorLimits detector;
};

struct Member {
  std::string address;            ///< as configured, then as it says itself
  std::uint64_t incarnation = 0;  ///< 0: never heard of
  pb::MemberState state = pb::MEMBER_UNKNOWN;
  bool unreachable = false;                  ///< from here
  std::set<std::string> unreachable_from{};  ///< members that say so
  std::optional<FailureDetector> detector{};
};

struct Membership {
  Limits limits;
  pb::NodeId self;
  pb::MemberState state = pb::MEMBER_JOINING;
  std::map<std::string, Member> members{};  ///< the configured others, by name
  std::optional<TimeUs> ticked_us{};        ///< none before the first tick
  TimeUs trusted_from_us = 0;               ///< nobody is suspected before
  bool fenced = false;                      ///< a later incarnation of this node exists; final
};

enum class Change {
  joining,
  up,
  leaving,
  removed,      ///< it said goodbye
  restarted,    ///< a higher incarnation: connections to and frames of older ones are void
  unreachable,  ///< silent for too long; may come back
  reachable,
  self_late,    ///< this node's own event loop stood still
  self_fenced,  ///< a later incarnation of this node is there: this one must stop
};

struct Event {
  Change change;
  std::string member;
  std::uint64_t incarnation;

  friend bool operator==(const Event&, const Event&) = default;
};

struct Effects {
  std::optional<pb::Heartbeat> heartbeat{};  ///< to each other node
  std::vector<Event> events{};
};

/// `others` are name and address of the configured nodes. `self.incarnation` is higher than that of
/// any earlier run of this node.
[[nodiscard]] Membership start(const Limits& limits, pb::NodeId self,
                               const std::map<std::string, std::string>& others);

/// Once each `heartbeat_us`: judges the silence of the others and speaks.
[[nodiscard]] Effects tick(Membership& membership, TimeUs now_us);

/// Takes a heartbeat. One of a node that is not configured, or of an older incarnation, changes
/// nothing.
[[nodiscard]] Effects heard(Membership& membership, const pb::Heartbeat& heartbeat, TimeUs now_us);

/// This node moves on to `state`, and says so at once. States are passed forward only; a step back
/// changes nothing.
[[nodiscard]] Effects advance(Membership& membership, pb::MemberState state);

/// Whether a frame of `node` is to be taken: configured, and no older than the latest incarnation.
[[nodiscard]] bool is_current(const Membership& membership, const pb::NodeId& node);

}  // namespace millrace::membership
