// Reads partitions of a topic from an offset on, without being a member of a group; with a group, it goes on where the
// group has committed, and commits what it has counted.
#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "actors/base/clock.hpp"
#include "apps/bench/load/kafka_topic.hpp"
#include "apps/bench/load/load_client.hpp"
#include "cluster/kafka/records/record_batch.hpp"
#include "cluster/kafka/wire/reader.hpp"

namespace millrace::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds read_pause{100};
constexpr std::int32_t wait_ms = 500;
/// Of a broker, while there are others to be asked by the same thread.
constexpr std::int32_t short_wait_ms = 50;
constexpr std::int32_t fetch_bytes_max = 4 << 20;
constexpr std::size_t unpacked_bytes_max = std::size_t{64} << 20;

class KafkaConsumer final : public Consumer {
 public:
  KafkaConsumer(const ConsumeOptions& options, kafka::TopicClient topic,
                std::vector<std::int32_t> partitions, LoadSurroundings around)
      : options_(options), topic_(std::move(topic)), around_(around) {
    for (const std::int32_t each : partitions) positions_[each] = -1;
  }

  Result<void> receive() override {
    const Result<void> read = read_all();
    if (read || !is_passing(read.error().code)) return read;
    around_.tally.retried(read.error());
    std::ignore = around_.course.wait(read_pause);
    std::ignore = topic_.refresh();  // if it fails, so does the next attempt
    return {};
  }

 private:
  /// Records that were counted, of one answer.
  struct Taken {
    std::size_t messages = 0;
    std::size_t bytes = 0;
    std::vector<kafka::FetchPosition> positions{};  ///< behind them
  };

  Result<void> read_all() {
    if (auto placed = place(); !placed) return placed;
    std::map<std::int32_t, std::vector<kafka::FetchPosition>> by_leader;
    for (const auto& [partition, offset] : positions_) {
      by_leader[topic_.leader(partition)].push_back({partition, offset});
    }
    for (const auto& [leader, positions] : by_leader) {
      const auto begun = steady_clock::now();
      const auto broker = topic_.to(leader);
      if (!broker) return broker.error();
      const auto fetched =
          kafka::ask_records(**broker, topic_.topic(), positions,
                             by_leader.size() > 1 ? short_wait_ms : wait_ms, fetch_bytes_max);
      if (!fetched) return fetched.error();
      Taken taken;
      for (const kafka::FetchedBatches& each : *fetched) {
        if (auto counted = count(each, taken); !counted) return counted;
      }
      if (taken.messages == 0) continue;
      if (auto committed = commit(taken.positions); !committed) return committed;
      around_.tally.answered(taken.messages, taken.bytes, to_us(steady_clock::now() - begun));
    }
    return {};
  }

  /// Finds where reading begins, for partitions of which it is not known.
  Result<void> place() {
    for (auto& [partition, offset] : positions_) {
      if (offset >= 0) continue;
      std::int64_t found = -1;
      if (!options_.group.empty()) {
        const auto coordinator = topic_.to_coordinator(options_.group);
        if (!coordinator) return coordinator.error();
        const auto committed =
            kafka::ask_committed(**coordinator, options_.group, topic_.topic(), partition);
        if (!committed) return committed.error();
        found = *committed;
      }
      if (found < 0) {
        const auto leader = topic_.to(topic_.leader(partition));
        if (!leader) return leader.error();
        const auto end =
            kafka::ask_offset(**leader, topic_.topic(), partition, options_.begins_at_end);
        if (!end) return end.error();
        found = *end;
      }
      offset = found;
    }
    return {};
  }

  /// Commits what was counted, until it is durable: nothing is counted twice, and nothing is left uncommitted.
  Result<void> commit(const std::vector<kafka::FetchPosition>& positions) {
    if (options_.group.empty()) return {};
    while (true) {
      const auto coordinator = topic_.to_coordinator(options_.group);
      const Result<void> committed =
          coordinator
              ? kafka::commit_offsets(**coordinator, options_.group, topic_.topic(), positions)
              : Result<void>(coordinator.error());
      if (committed || !is_passing(committed.error().code)) return committed;
      if (!around_.course.wait(read_pause)) return committed;
      around_.tally.retried(committed.error());
      std::ignore = topic_.refresh();  // if it fails, so does the next attempt
    }
  }

  Result<void> count(const kafka::FetchedBatches& fetched, Taken& taken) {
    std::int64_t& position = positions_[fetched.partition];
    if (fetched.code != kafka::Code::none) {
      const Error error = kafka::error_of(fetched.code, "topic " + topic_.topic() + " partition " +
                                                            std::to_string(fetched.partition));
      if (fetched.code != kafka::Code::offset_out_of_range) return error;
      around_.tally.retried(error);
      position = -1;  // what was there is gone
      return {};
    }
    const std::int64_t before = position;
    std::string_view rest = fetched.batches;
    while (rest.size() >= kafka::batch_header_bytes) {
      kafka::Reader reader(rest);
      std::ignore = reader.int64("base offset");
      const std::size_t size = kafka::batch_length_offset + reader.uint32("length");
      if (size > rest.size()) break;  // cut off
      const auto batch = kafka::parse_batch(rest.substr(0, size), nullptr, unpacked_bytes_max);
      if (!batch) return batch.error();
      if (!count(*batch, position, taken)) break;
      rest.remove_prefix(size);
    }
    if (position != before) taken.positions.push_back({fetched.partition, position});
    return {};
  }

  /// Returns whether more records may be counted.
  bool count(const kafka::RecordBatch& batch, std::int64_t& position, Taken& taken) {
    const std::int64_t end = batch.header.base_offset + batch.header.count;
    if (end <= position) return true;
    const std::int64_t begin = std::max(position, batch.header.base_offset);
    const auto wanted = static_cast<std::size_t>(end - begin);
    std::size_t left = around_.course.reserve(wanted);
    const std::size_t reserved = left;
    const TimeUs now_us = SystemClock().now_us();
    auto records = batch.records();
    while (const auto record = records.next()) {
      const std::int64_t offset = batch.header.base_offset + record->offset_delta;
      if (offset < position) continue;
      if (left == 0) break;
      --left;
      const std::string_view value = record->value.value_or(std::string_view());
      around_.tally.received(value, now_us);
      taken.bytes += value.size();
      position = offset + 1;
    }
    taken.messages += reserved - left;
    around_.course.receive(reserved, reserved - left);
    return reserved == wanted;
  }

  const ConsumeOptions& options_;
  kafka::TopicClient topic_;
  const LoadSurroundings around_;
  std::map<std::int32_t, std::int64_t>
      positions_{};  ///< the next offset by partition; -1: not known
};

}  // namespace

Result<std::unique_ptr<Consumer>> open_kafka_consumer(const ConsumeOptions& options,
                                                      std::size_t index, LoadSurroundings around) {
  auto topic = open_topic(options.target);
  if (!topic) return topic.error();
  std::vector<std::int32_t> partitions;
  for (std::size_t each = index; each < topic->partitions(); each += options.clients) {
    partitions.push_back(static_cast<std::int32_t>(each));
  }
  if (partitions.empty()) return std::unique_ptr<Consumer>();
  return std::unique_ptr<Consumer>(
      std::make_unique<KafkaConsumer>(options, std::move(*topic), std::move(partitions), around));
}

}  // namespace millrace::bench
