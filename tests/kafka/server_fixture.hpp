// KafkaServer: the Kafka server over topics in memory, and requests that are made by hand.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>

#include "cluster/kafka/protocol/code.hpp"
#include "cluster/kafka/records/batch_builder.hpp"
#include "cluster/kafka/service/kafka_service.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "tests/kafka/memory_broker.hpp"
#include "tests/kafka/raw_client.hpp"

namespace millrace::kafka {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

inline std::string batch_of(std::size_t records, const std::string& value = "value") {
  BatchBuilder builder(64u << 20);
  for (std::size_t i = 0; i < records; ++i) {
    EXPECT_TRUE(builder.add(static_cast<std::int64_t>(i), 1'000, "key", value));
  }
  return builder.finish();
}

inline std::string produce_body(const std::string& batch, std::int16_t acks = -1,
                                const std::string& topic = "t", std::int32_t partition = 0) {
  Writer writer;
  writer.nullable_string(std::nullopt);
  writer.int16(acks);
  writer.int32(5'000);
  writer.array(1);
  writer.string(topic);
  writer.array(1);
  writer.int32(partition);
  writer.bytes(batch);
  return writer.take();
}

inline std::string produce(std::int32_t correlation, const std::string& batch,
                           std::int16_t acks = -1) {
  return request(ApiKey::produce, 3, correlation, produce_body(batch, acks));
}

inline std::string fetch(std::int32_t correlation, std::int64_t offset, std::int32_t wait_ms,
                         std::int32_t bytes_min = 1, std::int32_t bytes_max = 1 << 20) {
  Writer writer;
  writer.int32(-1);
  writer.int32(wait_ms);
  writer.int32(bytes_min);
  writer.int32(bytes_max);
  writer.int8(0);
  writer.array(1);
  writer.string("t");
  writer.array(1);
  writer.int32(0);
  writer.int64(offset);
  writer.int32(bytes_max);
  return request(ApiKey::fetch, 4, correlation, writer.written());
}

inline std::string list_groups(std::int32_t correlation) {
  return request(ApiKey::list_groups, 0, correlation);
}

inline std::string join(std::int32_t correlation, const std::string& member = "",
                        const std::string& group = "g", std::int32_t session_ms = 10'000) {
  Writer writer;
  writer.string(group);
  writer.int32(session_ms);
  writer.int32(session_ms);
  writer.string(member);
  writer.string("test");
  writer.array(1);
  writer.string("p");
  writer.bytes("");
  return request(ApiKey::join_group, 1, correlation, writer.written());
}

struct ProduceOutcome {
  std::int32_t correlation = -1;
  Code code = Code::unknown_server_error;
  std::int64_t base_offset = -1;
};

inline ProduceOutcome read_produced(const std::optional<std::string>& answer) {
  if (!answer) return {};
  Reader reader(*answer);
  ProduceOutcome outcome{.correlation = reader.int32("correlation")};
  EXPECT_EQ(reader.array("topics", 1), 1u);
  std::ignore = reader.string("topic");
  EXPECT_EQ(reader.array("partitions", 1), 1u);
  std::ignore = reader.int32("partition");
  outcome.code = static_cast<Code>(reader.int16("code"));
  outcome.base_offset = reader.int64("base offset");
  std::ignore = reader.int64("append time");
  std::ignore = reader.int32("throttle");
  EXPECT_TRUE(reader.end());
  return outcome;
}

struct FetchOutcome {
  std::int32_t correlation = -1;
  Code code = Code::unknown_server_error;
  std::int64_t high_watermark = -1;
  std::string batches{};
};

inline FetchOutcome read_fetched(const std::optional<std::string>& answer) {
  if (!answer) return {};
  Reader reader(*answer);
  FetchOutcome outcome{.correlation = reader.int32("correlation")};
  std::ignore = reader.int32("throttle");
  EXPECT_EQ(reader.array("topics", 1), 1u);
  std::ignore = reader.string("topic");
  EXPECT_EQ(reader.array("partitions", 1), 1u);
  std::ignore = reader.int32("partition");
  outcome.code = static_cast<Code>(reader.int16("code"));
  outcome.high_watermark = reader.int64("high watermark");
  std::ignore = reader.int64("last stable offset");
  EXPECT_EQ(reader.array("aborted", 1), 0u);
  outcome.batches = reader.bytes("records");
  EXPECT_TRUE(reader.end());
  return outcome;
}

inline std::int32_t correlation_of(const std::optional<std::string>& answer) {
  return answer ? Reader(*answer).int32("correlation") : -1;
}

class KafkaServer : public testing::Test {
 protected:
  void serve(KafkaServiceOptions options = {}, const MemoryBroker::Settings& settings = {}) {
    broker_ = std::make_unique<MemoryBroker>(settings);
    broker_->create_topic({.name = "t", .partitions = 1}, [](const Result<void>&) {});
    auto service = KafkaService::listen_on(std::move(options), *broker_);
    ASSERT_TRUE(service) << service.error().message;
    service_ = std::move(*service);
    broker_->set_address("127.0.0.1", service_->port());
    service_->start_serving();
  }
  RawClient connect() { return RawClient(service_->port()); }
  void expect_alive() {
    RawClient client = connect();
    EXPECT_TRUE(client.send(list_groups(7)));
    EXPECT_EQ(correlation_of(client.receive()), 7);
  }

  std::unique_ptr<MemoryBroker> broker_;
  std::unique_ptr<KafkaService> service_;
};

}  // namespace millrace::kafka
