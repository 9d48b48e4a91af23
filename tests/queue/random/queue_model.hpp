// QueueModel: what a queue must hold, kept with ordered maps and no cleverness. The property test
// tells it what it asked for; nothing in it is copied from the core's tables.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/queue/state/queue_state.hpp"

namespace millrace::queues {

struct ModelMessage {
  std::string payload;  ///< unique in a run
  std::string key;
  int priority = 4;
  TimeUs not_before_us = 0;
  TimeUs expires_at_us = 0;
  DurationUs delay_us = 0;  ///< of not_before_us
  std::string idempotency_key{};
  std::uint32_t failed = 0;
  std::uint32_t overran = 0;
  QueueNumber origin = 0;  ///< of a dead letter
};

struct ModelProducer {
  std::uint64_t epoch = 0;
  std::uint64_t last = 0;
};

struct ModelTimer {
  TimeUs due_us = 0;
  DurationUs after_us = 0;
  ModelMessage message;
};

struct ModelLease {
  ReceiverId receiver = 0;
  std::vector<Sequence> run;
  std::string key;
  SteadyUs deadline_us = 0;
  bool settling = false;
  bool begun = false;
};

/// Key and name of a timer.
using TimerName = std::pair<std::string, std::string>;

struct ModelQueue {
  // Committed.
  std::map<std::string, TimeUs> paused;  ///< keys, "": the queue; with the end, 0: none
  std::map<Sequence, ModelMessage> messages;
  Sequence last = 0;
  Ledger ledger;
  std::map<std::string, std::string> values;
  std::map<std::string, std::vector<std::string>> histories;
  std::map<TimerName, ModelTimer> timers;
  std::map<std::string, ModelProducer> producers;
  std::map<std::string, TimeUs> idempotency_keys;  ///< last use; with the key of their message
  std::deque<std::pair<std::string, TimeUs>> idempotency_uses;  ///< oldest first

  TimeUs record_us = 0;  ///< time of the latest record
  TimeUs latest_us = 0;  ///< latest time of a record since the clock was set back

  // On the way, or in hands: gone after a crash.
  std::map<std::string, ModelProducer> coming_producers;
  std::multiset<std::string> coming_idempotency_keys;
  std::multiset<TimerName> coming_timers;
  std::uint64_t coming_messages = 0;
  std::map<LeaseId, ModelLease> leases;
  std::map<Sequence, std::uint32_t> acquired;

  /// Notes the time of a record, before its effects.
  void note_time(TimeUs at_us, DurationUs stepped_us);
  void append(const ModelMessage& message);
  void set_timer(const TimerName& name, ModelTimer timer);
  /// Remembers a use at the time of the latest record, and forgets what is older than the window.
  void use_idempotency_key(const std::string& key, DurationUs window_us);
  /// Takes a message out; it must be there.
  ModelMessage take(Sequence sequence);
  void crash();

  /// The producer with what is on its way; null: unknown.
  [[nodiscard]] std::optional<ModelProducer> producer(const std::string& name) const;
  [[nodiscard]] bool is_held(Sequence sequence) const;
  [[nodiscard]] bool is_key_held(const std::string& key) const;
  [[nodiscard]] bool is_oldest_of_key(Sequence sequence) const;
};

/// Compares all that a queue shows with the model; empty when they agree.
[[nodiscard]] std::string differences(const ModelQueue& model, const State& state);

}  // namespace millrace::queues
