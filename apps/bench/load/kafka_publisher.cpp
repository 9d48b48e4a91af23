// Produces to a topic: one batch for each partition in a request, acks=all, idempotent unless told otherwise.
#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "actors/base/clock.hpp"
#include "apps/bench/load/kafka_topic.hpp"
#include "apps/bench/load/load_client.hpp"
#include "cluster/kafka/records/batch_builder.hpp"
#include "messages/hash.hpp"

namespace millrace::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds retry_pause{100};
constexpr std::size_t batch_bytes_max = std::size_t{16} << 20;

class KafkaPublisher final : public Publisher {
 public:
  KafkaPublisher(const PublishOptions& options, std::size_t index, kafka::TopicClient topic,
                 LoadSurroundings around)
      : options_(options), next_partition_(index), topic_(std::move(topic)), around_(around) {}

  Result<void> send(std::span<const LoadMessage> messages, LoadCourse::Time begun) override {
    std::vector<Pending> left = batches_of(messages);
    const auto give_up = steady_clock::now() + std::chrono::duration<double>(options_.patience_s);
    while (true) {
      std::optional<Error> reason;
      if (auto numbered = number(left)) {
        reason = offer(left, begun);
      } else {
        reason = numbered.error();
      }
      if (left.empty()) return {};
      if (!is_passing(reason->code)) return *reason;
      if (steady_clock::now() + retry_pause >= give_up || !around_.course.wait(retry_pause)) {
        for (const Pending& each : left) refuse(each, *reason);
        return {};
      }
      around_.tally.retried(*reason);
      std::ignore = topic_.refresh();  // if it fails, so does the next attempt
    }
  }

 private:
  /// Messages of one partition that are not confirmed yet.
  struct Pending {
    std::int32_t partition = 0;
    std::vector<const LoadMessage*> messages{};
    std::size_t payload_bytes = 0;
    std::string batch{};  ///< with the producer's numbers; empty: not made yet
  };

  std::vector<Pending> batches_of(std::span<const LoadMessage> messages) {
    std::map<std::int32_t, Pending> by_partition;
    const std::size_t partitions = topic_.partitions();
    const std::size_t unkeyed = next_partition_++ % partitions;
    for (const LoadMessage& each : messages) {
      const std::size_t place = each.key.empty() ? unkeyed : hash_key(each.key) % partitions;
      Pending& pending = by_partition[static_cast<std::int32_t>(place)];
      pending.partition = static_cast<std::int32_t>(place);
      pending.messages.push_back(&each);
      pending.payload_bytes += each.payload.size();
    }
    std::vector<Pending> batches;
    for (auto& [partition, pending] : by_partition) batches.push_back(std::move(pending));
    return batches;
  }

  /// Makes the batches, with numbers if the producer is idempotent. A batch that is sent again has the same ones.
  Result<void> number(std::vector<Pending>& batches) {
    if (options_.is_idempotent && producer_.id < 0) {
      const auto broker = topic_.to(topic_.leader(batches.front().partition));
      if (!broker) return broker.error();
      const auto numbers = kafka::ask_producer(**broker);
      if (!numbers) return numbers.error();
      producer_ = *numbers;
      next_sequence_.clear();
      for (Pending& each : batches) each.batch.clear();
    }
    const std::int64_t now_ms = SystemClock().now_us() / 1'000;
    for (Pending& each : batches) {
      if (!each.batch.empty()) continue;
      kafka::BatchBuilder builder(batch_bytes_max);
      std::int64_t offset = 0;
      for (const LoadMessage* message : each.messages) {
        const auto key =
            message->key.empty() ? std::nullopt : std::optional<std::string_view>(message->key);
        if (!builder.add(offset++, now_ms, key, message->payload)) {
          return Error{ErrorCode::too_large, "the messages of a batch have more than " +
                                                 std::to_string(batch_bytes_max) + " bytes"};
        }
      }
      kafka::BatchProducer numbers;
      if (options_.is_idempotent) {
        numbers = {producer_.id, producer_.epoch, next_sequence_[each.partition]};
      }
      each.batch = builder.finish(numbers);
    }
    return {};
  }

  /// Sends `batches` to their leaders, and removes from them what was confirmed or refused. Returns why the first of the
  /// rest was not taken; nullopt: there is no rest.
  std::optional<Error> offer(std::vector<Pending>& batches, LoadCourse::Time begun) {
    std::map<std::int32_t, std::vector<kafka::BatchFor>> by_leader;
    for (const Pending& each : batches) {
      by_leader[topic_.leader(each.partition)].push_back({each.partition, each.batch});
    }
    std::map<std::int32_t, Result<kafka::Code>> outcomes;  // by partition
    std::vector<std::pair<kafka::KafkaConnection*, std::set<std::int32_t>>> asked;
    for (const auto& [leader, some] : by_leader) {
      std::set<std::int32_t> partitions;
      for (const kafka::BatchFor& each : some) partitions.insert(each.partition);
      const auto broker = topic_.to(leader);
      const Result<void> sent = broker ? kafka::send_produce(**broker, topic_.topic(), some)
                                       : Result<void>(broker.error());
      if (sent) {
        asked.emplace_back(*broker, std::move(partitions));
      } else {
        for (const std::int32_t each : partitions) outcomes.emplace(each, sent.error());
      }
    }
    for (const auto& [broker, partitions] : asked) {
      const auto codes = kafka::receive_produce(*broker);
      for (const std::int32_t each : partitions) {
        if (!codes) outcomes.emplace(each, codes.error());
      }
      if (!codes) continue;
      for (const auto& [partition, code] : *codes) outcomes.emplace(partition, code);
    }
    return settle(batches, outcomes, begun);
  }

  std::optional<Error> settle(std::vector<Pending>& batches,
                              const std::map<std::int32_t, Result<kafka::Code>>& outcomes,
                              LoadCourse::Time begun) {
    std::optional<Error> reason;
    std::size_t messages = 0;
    std::size_t bytes = 0;
    std::erase_if(batches, [&](const Pending& each) {
      const auto found = outcomes.find(each.partition);
      const Result<kafka::Code> outcome =
          found == outcomes.end()
              ? Result<kafka::Code>(
                    Error{ErrorCode::protocol, "the broker answers for less than asked"})
              : found->second;
      if (outcome &&
          (*outcome == kafka::Code::none || *outcome == kafka::Code::duplicate_sequence_number)) {
        messages += each.messages.size();
        bytes += each.payload_bytes;
        std::int32_t& next = next_sequence_[each.partition];
        // The number after 2^31 - 1 is 0.
        next = static_cast<std::int32_t>((static_cast<std::uint32_t>(next) + each.messages.size()) &
                                         0x7fffffffu);
        return true;
      }
      Error error = outcome ? kafka::error_of(*outcome, "topic " + topic_.topic() + " partition " +
                                                            std::to_string(each.partition))
                            : outcome.error();
      // Without an answer nobody knows whether it is there.
      const bool is_unknown = !outcome || error.code == ErrorCode::timeout;
      const bool is_sent_again = is_passing(error.code) && (options_.is_idempotent || !is_unknown);
      if (!is_sent_again && is_passing(error.code)) {
        refuse(each, error);
        return true;
      }
      if (!reason) reason = std::move(error);
      return false;
    });
    if (messages > 0) {
      around_.tally.answered(messages, bytes, to_us(steady_clock::now() - begun));
    }
    return reason;
  }

  /// Nobody may know whether the batch is there: what follows must have other numbers.
  void refuse(const Pending& batch, const Error& error) {
    around_.tally.refused(batch.messages.size(), error);
    producer_ = {};
  }

  const PublishOptions& options_;
  std::size_t next_partition_;  ///< of messages without key, modulo the number of partitions
  kafka::TopicClient topic_;
  const LoadSurroundings around_;
  kafka::ProducerNumbers producer_{};                     ///< id < 0: none is given
  std::map<std::int32_t, std::int32_t> next_sequence_{};  ///< by partition
};

}  // namespace

Result<std::unique_ptr<Publisher>> open_kafka_publisher(const PublishOptions& options,
                                                        std::size_t index,
                                                        LoadSurroundings around) {
  auto topic = open_topic(options.target);
  if (!topic) return topic.error();
  return std::unique_ptr<Publisher>(
      std::make_unique<KafkaPublisher>(options, index, std::move(*topic), around));
}

}  // namespace millrace::bench
