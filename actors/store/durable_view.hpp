// The contents of queues as plain values: for auditors, operators and the HTTP API.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/base/time.hpp"
#include "actors/queue/state/ledger.hpp"
#include "messages/envelope.pb.h"

namespace millrace {

namespace queues {
struct KeyState;
}  // namespace queues

/// One entry of a key's history.
struct HistoryView {
  std::uint64_t input = 0;  ///< sequence number of the message whose handling wrote it
  TimeUs at_us = 0;
  std::string value;  ///< serialized Protobuf message, of a type of the application
};

/// Durable state of one key of a stage.
struct KeyView {
  std::string key;
  std::string value;  ///< serialized state; empty if the key has only a history, or default fields
  bool has_value = false;            ///< the key has a state, be it empty
  std::vector<HistoryView> history;  ///< oldest first
};

/// Copies the durable state of one key.
[[nodiscard]] KeyView view_key(const std::string& key, const queues::KeyState& state);

/// A live message.
struct MessageView {
  std::uint64_t sequence = 0;  ///< in its queue and shard
  std::uint32_t failed = 0;    ///< failures so far
  pb::Envelope envelope;
};

/// One queue of one shard.
struct QueueView {
  std::string name;
  std::string type;  ///< full name of the Protobuf type it carries
  std::uint32_t shard = 0;
  bool is_dead_letter = false;  ///< holds the dead letters of one or more stages
  queues::Ledger ledger;
  std::uint64_t timers = 0;  ///< timers that are set
  std::vector<KeyView> keys;
  std::vector<MessageView> messages;  ///< live ones, in queue order
};

/// All queues of all shards of one data directory.
struct DurableView {
  std::vector<QueueView> queues;
};

}  // namespace millrace
