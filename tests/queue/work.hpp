// Work: a queue (1), its dead letter queue (2) and a downstream queue (3), with short functions for
// tests.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "messages/envelope.hpp"
#include "tests/queue/random/queue_world.hpp"

namespace millrace::queues {

using Kind = StageResult::Kind;

/// A message; an empty `payload` stands for the key.
[[nodiscard]] inline std::shared_ptr<pb::Envelope> message(const std::string& key,
                                                           const std::string& payload = {},
                                                           int priority = priority_default) {
  auto envelope = std::make_shared<pb::Envelope>();
  envelope->set_key(key);
  envelope->set_payload(payload.empty() ? key : payload);
  set_priority(*envelope, priority);
  return envelope;
}

struct Work {
  QueueWorld world{{{1, {"work", 2}}, {2, {"work.dead", 0}}, {3, {"next", 2}}}};

  State& state(QueueNumber number = 1) { return world.queue(number); }

  /// Appends a message to the log, like an output of another queue.
  void append(const pb::Envelope& envelope, QueueNumber queue = 1) {
    pb::Record record;
    record.set_at_us(world.now());
    pb::Change& change = *record.add_change();
    change.set_queue(queue);
    *change.add_append() = envelope;
    world.append(std::move(record));
  }
  void append(const std::string& key, const std::string& payload = {},
              int priority = priority_default) {
    append(*message(key, payload, priority));
  }

  /// Sets the demand of a receiver, and dispatches.
  std::vector<Grant> lease(std::uint32_t demand, ReceiverId receiver = 7) {
    world.queue(1).live.receivers[receiver].demand = demand;
    return world.dispatch(1);
  }

  /// An outcome of a lease: one kind for each of its messages.
  static LeaseOutcome outcome(const Grant& grant, const std::vector<Kind>& kinds) {
    LeaseOutcome out;
    out.lease = grant.lease;
    out.key = grant.messages[0].body->key();
    for (const Kind kind : kinds) {
      MessageOutcome& message = out.messages.emplace_back();
      message.kind = kind;
      message.reason = "because";
    }
    return out;
  }
  static LeaseOutcome acked(const Grant& grant) {
    return outcome(grant, std::vector<Kind>(grant.messages.size(), Kind::acked));
  }

  CompleteDecision complete(LeaseOutcome outcome) {
    Complete complete;
    complete.outcomes.push_back(std::move(outcome));
    return world.complete(1, std::move(complete));
  }

  /// Leases and acks until nothing is ready. Returns the number of messages.
  std::uint64_t run_all() {
    std::uint64_t messages = 0;
    while (true) {
      const std::vector<Grant> grants = lease(100);
      if (grants.empty()) return messages;
      for (const Grant& grant : grants) {
        messages += grant.messages.size();
        complete(acked(grant));
      }
      world.commit();
    }
  }
};

/// Payloads of the leased messages, runs joined by '+': "a b1+b2".
[[nodiscard]] inline std::string text(const std::vector<Grant>& grants) {
  std::string out;
  for (const Grant& grant : grants) {
    if (!out.empty()) out += ' ';
    for (std::size_t i = 0; i < grant.messages.size(); ++i) {
      if (i > 0) out += '+';
      out += grant.messages[i].body->payload();
    }
  }
  return out;
}

}  // namespace millrace::queues
