// The topics of a queue as the records of a log make them; checked as they are applied.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "apps/audit/model/report.hpp"
#include "messages/record.pb.h"
#include "messages/snapshot.pb.h"

namespace millrace::audit {

struct AuditedTopic {
  struct Batch {
    std::int64_t base = 0;
    std::uint32_t count = 0;

    [[nodiscard]] std::int64_t end() const { return base + count; }
    friend bool operator==(const Batch&, const Batch&) = default;
  };
  struct Group {
    std::int64_t committed = -1;
    std::int64_t held_from = 0;

    [[nodiscard]] std::int64_t needs_from() const { return committed < 0 ? held_from : committed; }
    friend bool operator==(const Group&, const Group&) = default;
  };
  struct Numbers {
    std::uint32_t epoch = 0;
    std::uint32_t next = 0;
    friend bool operator==(const Numbers&, const Numbers&) = default;
  };

  std::int64_t start = 0;
  std::int64_t next = 0;
  std::map<std::uint64_t, Batch> batches{};  ///< by sequence number
  std::map<std::string, Group> groups{};
  std::map<std::int64_t, Numbers> producers{};

  friend bool operator==(const AuditedTopic&, const AuditedTopic&) = default;
};

using AuditedTopics = std::map<std::string, AuditedTopic>;
using ComplainOf = std::function<void(About, std::string)>;

/// Applies what `change` says of topics. `queue`: name of the queue; `title`: for people; `last`: number of the last
/// message that the change appends.
void apply_topics(const pb::Change& change, const std::string& queue, const std::string& title,
                  std::uint64_t last, AuditedTopics& topics, const ComplainOf& complain);

/// Adds a part of a checkpoint or a move.
void load_topic(const pb::TopicPart& part, const std::string& title, AuditedTopics& topics,
                const ComplainOf& complain);

/// What of the topics by the records differs from those of a checkpoint; empty: nothing.
[[nodiscard]] std::string difference_of_topics(const AuditedTopics& records,
                                               const AuditedTopics& checkpoint);

}  // namespace millrace::audit
