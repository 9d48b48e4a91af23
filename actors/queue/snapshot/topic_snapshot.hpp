// Topics as serialized pb::SnapshotPart; part of snapshot.hpp.
#pragma once

#include "actors/queue/snapshot/snapshot.hpp"
#include "messages/snapshot.pb.h"

namespace millrace::queues {

/// Writes all topics, with at most `size.entries` batches, and about `size.bytes` of groups and producers, in a part.
/// Equal topics give equal bytes.
void write_topics(const TopicTable& topics, PartSize size, const SnapshotSink& sink);

/// Whether `part` may follow the parts that were read. Fails with `corrupt`.
[[nodiscard]] Result<void> check_topic(const State& state, const pb::TopicPart& part);

/// Adds the part. Fails as check_topic(); `state` is unchanged then.
[[nodiscard]] Result<void> read_topic(State& state, const pb::TopicPart& part);

}  // namespace millrace::queues
