// What workers of an external stage, which run in other processes, get and give back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/queue/decide/dispatch.hpp"
#include "actors/receiver/external/claims.hpp"
#include "actors/stage/stage.hpp"

namespace millrace::receivers {

/// A lease that a worker gets.
struct ExternalLease {
  std::string token{};     ///< names the lease at this node; cannot be guessed
  DurationUs left_us = 0;  ///< until it ends
  std::string key{};       ///< empty: none
  queues::Grant grant{};   ///< its messages, and the state of the key
};

/// A worker's request for messages of a stage.
struct ExternalRequest {
  Wait wait;
  /// Called once, with at least one lease or, when the wait is over or the node stops, none; on an
  /// actor's thread. Returns false if nobody takes them: then they are released. Must not block or throw.
  std::function<bool(std::vector<ExternalLease>)> done;
};

/// What a worker says of one of its leases.
struct ExternalOutcome {
  std::string token;
  std::vector<StageResult> results{};       ///< one for each message of the lease, in order
  std::optional<std::string> next_state{};  ///< of the key; nullopt: unchanged or erased
  bool state_erased = false;
};

/// What became of what a worker said of a lease.
enum class LeaseResult : std::uint8_t {
  done,           ///< durable
  already_done,   ///< it was said before, and is durable
  lease_expired,  ///< the lease has ended or never was: the messages go to others
  mismatch,       ///< not one result for each message, or a state or timers where there is no key
};

/// Called once, with one result for each lease in the order of the call; on an actor's thread. Not
/// called if the node stops before that is known. Must not block or throw.
using LeaseResultsDone = std::function<void(std::vector<LeaseResult>)>;

}  // namespace millrace::receivers
