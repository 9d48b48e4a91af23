// The receiver of an external stage: its handlers run in other processes, which ask for leases and
// say what became of them. It stands where spawn_receiver() has an actor with workers.
//
//     ExternalAskMessage ──▶ ClaimMessage ──▶ GrantMessage, ClaimedMessage ──▶ ExternalRequest::done
//     ExternalOutcomesMessage ──▶ CompleteMessage ──▶ OutcomesMessage ──▶ LeaseResultsDone
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/receiver/external/external_lease.hpp"
#include "actors/receiver/shell/receiver_actor.hpp"

namespace millrace::receivers {

/// A worker asks for messages.
struct ExternalAskMessage {
  std::shared_ptr<ExternalRequest> request;
};

/// The worker does not wait any more: its `done` is not called.
struct ExternalCancelMessage {
  WaitId wait = 0;
};

/// A worker has outcomes.
struct ExternalOutcomesMessage {
  std::shared_ptr<std::vector<ExternalOutcome>> outcomes;
  std::shared_ptr<LeaseResultsDone> done;
};

/// Extend the leases to at least now + `by_us`. `done` in `lease_expired` or `done`.
struct ExternalExtendMessage {
  std::vector<std::string> tokens;
  DurationUs by_us = 0;
  std::shared_ptr<LeaseResultsDone> done;
};

/// Release the leases: their messages are ready again, and have not failed.
struct ExternalReleaseMessage {
  std::vector<std::string> tokens;
  std::shared_ptr<LeaseResultsDone> done;  ///< null: nobody asks
  std::uint64_t session = 0;               ///< its leases are released as well; 0: none
};

/// Starts the receiver. `config.spec` is external. Its tokens begin with `token_prefix`. After an exit
/// message all waits end without leases, and the leases return to their queues.
[[nodiscard]] caf::actor spawn_external(caf::actor_system& system, ReceiverConfig config,
                                        std::string token_prefix);

}  // namespace millrace::receivers
