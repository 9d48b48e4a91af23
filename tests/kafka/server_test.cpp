// What the server promises over sockets: answers come in the order of the requests, whatever order they are ready
// in; a confirmation comes after the node's; and a stop leaves nobody without an answer who could have one.
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/kafka/records/record_batch.hpp"
#include "tests/kafka/bytes.hpp"
#include "tests/kafka/server_fixture.hpp"

namespace millrace::kafka {
namespace {

// --- Requests and their answers ------------------------------------------------------------------

TEST_F(KafkaServer, AnswersAVersionOfApiVersionsThatItDoesNotKnow) {
  serve();
  RawClient client = connect();
  // By a client of the future: version 9, in an encoding that nobody knows here.
  ASSERT_TRUE(client.send(hex("0000000d 0012 0009 00000005 ffffffffff")));
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(to_hex(*answer).substr(0, 12), "000000050023");  // correlation, code 35
  // It goes on with one that it was told of.
  ASSERT_TRUE(client.send(request(ApiKey::api_versions, 0, 6)));
  EXPECT_EQ(to_hex(client.receive().value_or("")).substr(0, 12), "000000060000");
}

TEST_F(KafkaServer, AnswersInTheOrderOfTheRequests) {
  serve();
  RawClient client = connect();
  broker_->hold(true);
  // The later ones are ready at once.
  ASSERT_TRUE(client.send(produce(1, batch_of(2)) + list_groups(2) + produce(3, batch_of(1)) +
                          list_groups(4)));
  ASSERT_TRUE(broker_->wait_for_held(2));
  EXPECT_FALSE(client.has_answer(50));  // nothing is confirmed before the node has it
  broker_->hold(false);
  const ProduceOutcome first = read_produced(client.receive());
  EXPECT_EQ(first.correlation, 1);
  EXPECT_EQ(first.code, Code::none);
  EXPECT_EQ(first.base_offset, 0);
  EXPECT_EQ(correlation_of(client.receive()), 2);
  EXPECT_EQ(read_produced(client.receive()).base_offset, 2);
  EXPECT_EQ(correlation_of(client.receive()), 4);
}

TEST_F(KafkaServer, TakesRequestsByteByByte) {
  serve();
  RawClient client = connect();
  for (const char byte : produce(1, batch_of(1)) + list_groups(2)) {
    ASSERT_TRUE(client.send({&byte, 1}));
  }
  EXPECT_EQ(read_produced(client.receive()).code, Code::none);
  EXPECT_EQ(correlation_of(client.receive()), 2);
}

TEST_F(KafkaServer, SaysWhatIsWrongWithABatch) {
  serve();
  RawClient client = connect();
  std::string damaged = batch_of(3);
  damaged.back() = 'X';
  std::string old = batch_of(1);
  old[16] = 1;
  const struct {
    std::string request;
    Code code;
  } cases[] = {
      {produce(1, damaged), Code::corrupt_message},
      {produce(1, old), Code::unsupported_for_message_format},
      {produce(1, ""), Code::corrupt_message},
      {produce(1, batch_of(1) + batch_of(1)), Code::message_too_large},
      {request(ApiKey::produce, 3, 1, produce_body(batch_of(1), -1, "none")),
       Code::unknown_topic_or_partition},
      {request(ApiKey::produce, 3, 1, produce_body(batch_of(1), -1, "t", 9)),
       Code::unknown_topic_or_partition},
      {request(ApiKey::produce, 3, 1, produce_body(batch_of(1), -1, "no/topic")),
       Code::unknown_topic_or_partition},
  };
  for (const auto& each : cases) {
    ASSERT_TRUE(client.send(each.request));
    EXPECT_EQ(read_produced(client.receive()).code, each.code);
  }
  const struct {
    ErrorCode error;
    Code code;
  } failures[] = {{ErrorCode::backlog_full, Code::not_enough_replicas},
                  {ErrorCode::not_owner, Code::not_leader_or_follower},
                  {ErrorCode::out_of_order, Code::out_of_order_sequence_number},
                  {ErrorCode::fenced, Code::invalid_producer_epoch},
                  {ErrorCode::timeout, Code::request_timed_out}};
  for (const auto& each : failures) {
    broker_->fail_with(Error{each.error, "planted"});
    ASSERT_TRUE(client.send(produce(1, batch_of(1))));
    EXPECT_EQ(read_produced(client.receive()).code, each.code);
  }
  broker_->fail_with(std::nullopt);
  EXPECT_EQ(broker_->records(), 0u);
}

TEST_F(KafkaServer, RefusesTransactions) {
  serve();
  RawClient client = connect();
  std::string body = produce_body(batch_of(1));
  body = hex("0002 7478") + body.substr(2);  // a transactional id
  ASSERT_TRUE(client.send(request(ApiKey::produce, 3, 1, body)));
  EXPECT_EQ(read_produced(client.receive()).code, Code::transactional_id_authorization_failed);
  ASSERT_TRUE(client.send(request(ApiKey::init_producer_id, 0, 2, hex("0002 7478 00001000"))));
  EXPECT_EQ(to_hex(client.receive().value_or("")).substr(0, 20), "00000002000000000035");
}

TEST_F(KafkaServer, GivesNoAnswerWhereNoneIsWanted) {
  serve();
  RawClient client = connect();
  ASSERT_TRUE(client.send(produce(1, batch_of(4), 0) + list_groups(2)));
  EXPECT_EQ(correlation_of(client.receive()), 2);
  EXPECT_EQ(broker_->records(), 4u);
  // What is lost without an answer shows by the end of the connection.
  broker_->fail_with(Error{ErrorCode::backlog_full, "planted"});
  ASSERT_TRUE(client.send(produce(3, batch_of(1), 0)));
  EXPECT_TRUE(client.is_closed());
  broker_->fail_with(std::nullopt);
  expect_alive();
}

// --- Waiting for records -------------------------------------------------------------------------

TEST_F(KafkaServer, FetchesWhatIsThereAtOnce) {
  serve();
  RawClient client = connect();
  ASSERT_TRUE(client.send(produce(1, batch_of(3)) + fetch(2, 1, 20'000)));
  EXPECT_EQ(read_produced(client.receive()).code, Code::none);
  const FetchOutcome found = read_fetched(client.receive());
  EXPECT_EQ(found.code, Code::none);
  EXPECT_EQ(found.high_watermark, 3);
  const auto header = parse_batch_header(found.batches);
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->base_offset, 1);
  EXPECT_EQ(header->count, 2u);
}

TEST_F(KafkaServer, WaitsForRecordsAndForNoLonger) {
  serve();
  RawClient consumer = connect();
  RawClient producer = connect();
  ASSERT_TRUE(consumer.send(fetch(1, 0, 20'000)));
  EXPECT_FALSE(consumer.has_answer(50));
  ASSERT_TRUE(producer.send(produce(2, batch_of(1))));
  EXPECT_FALSE(read_fetched(consumer.receive()).batches.empty());
  // Without any, until the time of the request is over.
  const auto begin = steady_clock::now();
  ASSERT_TRUE(consumer.send(fetch(3, 1, 200)));
  const FetchOutcome none = read_fetched(consumer.receive());
  EXPECT_EQ(none.correlation, 3);
  EXPECT_EQ(none.code, Code::none);
  EXPECT_EQ(none.high_watermark, 1);
  EXPECT_TRUE(none.batches.empty());
  EXPECT_GE(steady_clock::now() - begin, milliseconds(195));
}

TEST_F(KafkaServer, WaitsForAsManyBytesAsWanted) {
  serve();
  RawClient consumer = connect();
  RawClient producer = connect();
  const std::string batch = batch_of(1, std::string(1'000, 'v'));
  ASSERT_TRUE(consumer.send(fetch(1, 0, 20'000, 3'000)));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(producer.send(produce(i, batch)));
    EXPECT_EQ(read_produced(producer.receive()).code, Code::none);
  }
  EXPECT_FALSE(consumer.has_answer(100));
  ASSERT_TRUE(producer.send(produce(2, batch)));
  const FetchOutcome found = read_fetched(consumer.receive());
  EXPECT_GE(found.batches.size(), 3'000u);
  EXPECT_EQ(parse_batch_header(found.batches)->count, 3u);
}

TEST_F(KafkaServer, FetchesARecordThatIsLargerThanAskedFor) {
  serve();
  RawClient client = connect();
  ASSERT_TRUE(client.send(produce(1, batch_of(2, std::string(100'000, 'v'))) +
                          fetch(2, 0, 20'000, 1, 1'000)));
  EXPECT_EQ(read_produced(client.receive()).code, Code::none);
  EXPECT_EQ(parse_batch_header(read_fetched(client.receive()).batches)->count, 1u);
}

TEST_F(KafkaServer, SaysThatAnOffsetIsNotKept) {
  serve();
  RawClient client = connect();
  for (const std::int64_t offset : {std::int64_t{1}, std::int64_t{-1}, std::int64_t{1} << 62}) {
    ASSERT_TRUE(client.send(fetch(1, offset, 20'000)));
    EXPECT_EQ(read_fetched(client.receive()).code, Code::offset_out_of_range);
  }
}

TEST_F(KafkaServer, FetchesFromManyPartitionsWithinItsBound) {
  serve({.fetch_bytes_max = 100'000});
  constexpr std::int32_t partitions = 20;
  broker_->create_topic({.name = "many", .partitions = partitions}, [](const Result<void>&) {});
  RawClient client = connect();
  const std::string small = batch_of(10, std::string(1'000, 's'));
  const std::string large = batch_of(1, std::string(30'000, 'l'));
  for (std::int32_t i = 0; i < partitions; ++i) {
    ASSERT_TRUE(client.send(
        request(ApiKey::produce, 3, i, produce_body(i % 4 == 3 ? large : small, -1, "many", i))));
    ASSERT_EQ(read_produced(client.receive()).code, Code::none);
  }
  std::vector<std::int64_t> next(partitions, 0);
  std::size_t got = 0;
  for (int round = 0; round < 100 && got < 5 + 15 * 10; ++round) {
    Writer writer;
    writer.int32(-1);
    writer.int32(0);
    writer.int32(1);
    writer.int32(50 << 20);
    writer.int8(0);
    writer.array(1);
    writer.string("many");
    writer.array(partitions);
    for (std::int32_t i = 0; i < partitions; ++i) {
      writer.int32(i);
      writer.int64(next[static_cast<std::size_t>(i)]);
      writer.int32(1 << 20);
    }
    ASSERT_TRUE(client.send(request(ApiKey::fetch, 4, round, writer.written())));
    const auto answer = client.receive();
    ASSERT_TRUE(answer);
    EXPECT_LE(answer->size(), 100'000u + 30'000 + 2'000);
    Reader reader(*answer);
    std::ignore = reader.raw(8 + 4 + 2 + 4 + 4, "front");
    for (std::int32_t i = 0; i < partitions; ++i) {
      const auto index = static_cast<std::size_t>(reader.int32("partition"));
      EXPECT_EQ(reader.int16("code"), 0);
      std::ignore = reader.raw(8 + 8 + 4, "offsets");
      const auto batches = reader.bytes("records");
      if (batches.empty()) continue;
      const auto header = parse_batch_header(batches);
      ASSERT_TRUE(header);
      EXPECT_EQ(header->base_offset, next[index]);
      next[index] += header->count;
      got += header->count;
    }
    EXPECT_TRUE(reader.end());
  }
  EXPECT_EQ(got, 5u + 15 * 10);
}

// --- Groups --------------------------------------------------------------------------------------

TEST_F(KafkaServer, ForgetsAMemberWhoseConnectionBreaksBeforeItHasJoined) {
  serve({.groups = {.gather_us = 100'000}});
  RawClient lost = connect();
  ASSERT_TRUE(lost.send(join(1)));
  lost.close();
  RawClient client = connect();
  ASSERT_TRUE(client.send(join(2)));
  const auto answer = client.receive();
  ASSERT_TRUE(answer);
  Reader reader(*answer);
  EXPECT_EQ(reader.int32("correlation"), 2);
  EXPECT_EQ(reader.int16("code"), 0);
  std::ignore = reader.int32("generation");
  std::ignore = reader.string("protocol");
  EXPECT_EQ(reader.string("leader"), reader.string("member"));
  EXPECT_EQ(reader.array("members", 1), 1u);
}

TEST_F(KafkaServer, SaysWhoCoordinates) {
  serve();
  broker_->add_broker({.id = 2, .host = "elsewhere", .port = 9});
  broker_->set_coordinator(2);
  RawClient client = connect();
  Writer group;
  group.string("g");
  ASSERT_TRUE(client.send(request(ApiKey::find_coordinator, 0, 1, group.written()) + join(2)));
  EXPECT_EQ(to_hex(client.receive().value_or("")),
            to_hex(hex("00000001 0000 00000002 0009") + "elsewhere" + hex("00000009")));
  EXPECT_EQ(to_hex(client.receive().value_or("")).substr(0, 12), "000000020010");
  broker_->set_coordinator(3);  // nobody
  ASSERT_TRUE(client.send(join(3)));
  EXPECT_EQ(to_hex(client.receive().value_or("")).substr(0, 12), "00000003000f");
}

// --- Stopping ------------------------------------------------------------------------------------

TEST_F(KafkaServer, AnswersWhatWaitsWhenItStops) {
  serve({.groups = {.gather_us = 60'000'000}});
  RawClient consumer = connect();
  RawClient member = connect();
  RawClient producer = connect();
  ASSERT_TRUE(consumer.send(fetch(1, 0, 60'000)));
  ASSERT_TRUE(member.send(join(2, "", "g", 60'000)));
  EXPECT_FALSE(member.has_answer(50));
  broker_->hold(true);
  ASSERT_TRUE(producer.send(produce(3, batch_of(1))));
  ASSERT_TRUE(broker_->wait_for_held(1));
  std::thread stopping([&] { service_->stop(std::chrono::seconds(20)); });
  EXPECT_EQ(to_hex(member.receive().value_or("")).substr(0, 12), "000000020010");
  EXPECT_TRUE(member.is_closed());
  broker_->hold(false);
  EXPECT_EQ(read_produced(producer.receive()).code, Code::none);
  EXPECT_EQ(read_fetched(consumer.receive()).code, Code::none);
  EXPECT_TRUE(consumer.is_closed());
  stopping.join();
}

TEST_F(KafkaServer, StopsAlthoughTheNodeDoesNotAnswer) {
  serve();
  RawClient producer = connect();
  broker_->hold(true);
  ASSERT_TRUE(producer.send(produce(3, batch_of(1))));
  ASSERT_TRUE(broker_->wait_for_held(1));
  service_->stop(milliseconds(50));
  EXPECT_TRUE(producer.is_closed());
  broker_->hold(false);  // the outcome comes, and nobody is there
  service_.reset();
  broker_.reset();
}

}  // namespace
}  // namespace millrace::kafka
