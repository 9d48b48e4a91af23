// What the server promises where clients are broken, hostile or unknown: they lose their connection and disturb
// nobody, and all that they can make the server hold is bounded.
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

// --- Broken and hostile clients ------------------------------------------------------------------

TEST_F(KafkaServer, ClosesTheConnectionOfWhatIsNoRequest) {
  serve();
  RawClient other = connect();
  ASSERT_TRUE(other.send(list_groups(1)));
  for (const std::string& bytes :
       {hex("00000000"), hex("00000007 00000000000000"), hex("ffffffff"), hex("7fffffff 0000"),
        hex("80000000 0000"), std::string("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        hex("0000000a 03e7 0000 00000001 ffff"),              // request 999
        hex("0000000a 0000 0063 00000001 ffff"),              // Produce, version 99
        hex("0000000a 0003 ffff 00000001 ffff"),              // Metadata, version -1
        hex("0000000a 0012 ffff 00000001 ffff"),              // ApiVersions, version -1
        hex("0000000a 0003 0001 00000001 7fff"),              // a client id that is not there
        request(ApiKey::metadata, 1, 1, hex("7fffffff")),     // topics that are not there
        request(ApiKey::metadata, 1, 1, hex("ffffffff 00")),  // bytes behind the request
        request(ApiKey::list_groups, 0, 1, "x"), produce(1, batch_of(1), 7)}) {
    RawClient client = connect();
    ASSERT_TRUE(client.send(bytes));
    EXPECT_TRUE(client.is_closed()) << to_hex(bytes.substr(0, 40));
  }
  // The connection that was there before is still served.
  EXPECT_EQ(correlation_of(other.receive()), 1);
  ASSERT_TRUE(other.send(list_groups(2)));
  EXPECT_EQ(correlation_of(other.receive()), 2);
}

TEST_F(KafkaServer, StandsClientsThatGoAtAnyMoment) {
  serve();
  const std::string whole = produce(1, batch_of(2)) + fetch(2, 0, 20'000) + join(3);
  for (std::size_t size = 0; size <= whole.size(); size += 3) {
    RawClient client = connect();
    ASSERT_TRUE(client.send(whole.substr(0, size)));
  }
  expect_alive();
}

TEST_F(KafkaServer, ReadsNoFurtherThanItsBounds) {
  KafkaServiceOptions options;
  options.server.request_bytes_max = 1u << 20;
  options.server.connection_bytes_max = 2u << 20;
  options.server.requests_in_flight_max = 8;
  serve(options);
  broker_->hold(true);
  // By their number.
  RawClient many = connect();
  std::string requests;
  for (int i = 0; i < 2'000; ++i) requests += produce(i, batch_of(1));
  ASSERT_TRUE(many.send(requests.substr(0, 20'000)));
  ASSERT_TRUE(broker_->wait_for_held(8));
  // By their bytes.
  RawClient large = connect();
  const std::string request = produce(0, batch_of(1, std::string(900'000, 'v')));
  std::string all;
  for (int i = 0; i < 40; ++i) all += request;
  const std::size_t taken = large.send_until_blocked(all);
  EXPECT_LT(taken, all.size());
  EXPECT_LE(broker_->held(), 8u + 3 + 1);
  expect_alive();
  broker_->hold(false);
  // Nothing of it was lost.
  ASSERT_TRUE(large.send(all.substr(taken)));
  for (int i = 0; i < 40; ++i) ASSERT_EQ(read_produced(large.receive()).code, Code::none);
  for (std::int32_t i = 0; i < 100; ++i) {
    ASSERT_EQ(read_produced(many.receive()).correlation, i);
  }
}

TEST_F(KafkaServer, SharesItsRoomBetweenConnections) {
  KafkaServiceOptions options;
  options.server.request_bytes_max = 1u << 20;
  options.server.requests_bytes_max = 4u << 20;
  options.unpacked_bytes_max = 1u << 20;
  serve(options);
  broker_->hold(true);
  const std::string request = produce(0, batch_of(1, std::string(1'000'000, 'v')));
  std::vector<RawClient> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(connect());
  std::vector<std::size_t> sent;
  for (RawClient& client : clients) sent.push_back(client.send_until_blocked(request));
  EXPECT_LE(broker_->held(), 5u);  // what fits into the room, and the first outcome of the topic
  expect_alive();                  // small requests have room of their own
  broker_->hold(false);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    ASSERT_TRUE(clients[i].send(request.substr(sent[i])));
    EXPECT_EQ(read_produced(clients[i].receive()).code, Code::none);
  }
}

TEST_F(KafkaServer, BoundsItsConnections) {
  KafkaServiceOptions options;
  options.server.connections_max = 4;
  serve(options);
  std::vector<RawClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(connect());
    ASSERT_TRUE(clients.back().send(list_groups(i)));
    ASSERT_EQ(correlation_of(clients.back().receive()), i);
  }
  EXPECT_TRUE(connect().is_closed());
  ASSERT_TRUE(clients[0].send(list_groups(9)));
  EXPECT_EQ(correlation_of(clients[0].receive()), 9);
}

TEST_F(KafkaServer, ClosesConnectionsThatDoNothingForTooLong) {
  KafkaServiceOptions options;
  options.server.timeout = milliseconds(200);
  options.server.idle_timeout = milliseconds(200);
  serve(options);
  RawClient idle = connect();
  RawClient partial = connect();
  RawClient waiting = connect();
  ASSERT_TRUE(partial.send(produce(1, batch_of(1)).substr(0, 30)));
  ASSERT_TRUE(waiting.send(fetch(1, 0, 1'000)));
  EXPECT_TRUE(idle.is_closed());
  EXPECT_TRUE(partial.is_closed());
  // One that waits for an answer is not idle.
  EXPECT_EQ(read_fetched(waiting.receive()).code, Code::none);
}

TEST_F(KafkaServer, ClosesAConnectionThatDoesNotTakeItsAnswers) {
  KafkaServiceOptions options;
  options.server.timeout = milliseconds(300);
  serve(options);
  {
    RawClient producer = connect();
    for (int i = 0; i < 8; ++i) {
      ASSERT_TRUE(producer.send(produce(i, batch_of(1, std::string(1'000'000, 'v')))));
      ASSERT_EQ(read_produced(producer.receive()).code, Code::none);
    }
  }
  RawClient client = connect();
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += fetch(i, i % 8, 0);
  ASSERT_TRUE(client.send(requests));
  // 20 MiB are due, and it takes none.
  std::this_thread::yield();
  RawClient watcher = connect();
  const auto begin = steady_clock::now();
  while (steady_clock::now() - begin < milliseconds(1'500)) {
    ASSERT_TRUE(watcher.send(list_groups(1)));
    ASSERT_EQ(correlation_of(watcher.receive()), 1);
  }
  std::size_t answers = 0;
  while (client.receive()) ++answers;
  EXPECT_LT(answers, 20u);
  EXPECT_TRUE(client.is_closed());
}

// --- Who may come in -----------------------------------------------------------------------------

class WithPassword : public KafkaServer {
 protected:
  void SetUp() override {
    KafkaServiceOptions options;
    options.authenticate = [](std::string_view user, std::string_view password) {
      return user == "user" && password == "secret";
    };
    options.server.timeout = milliseconds(500);
    serve(options);
  }
  static std::string handshake(std::int16_t version) {
    Writer writer;
    writer.string("PLAIN");
    return request(ApiKey::sasl_handshake, version, 1, writer.written());
  }
  static std::string plain(std::string_view password) {
    return std::string("\0user\0", 6) + std::string(password);
  }
  static std::string authenticate(std::string_view password) {
    Writer writer;
    writer.bytes(plain(password));
    return request(ApiKey::sasl_authenticate, 0, 2, writer.written());
  }
  static std::string framed(const std::string& bytes) {
    Writer writer;
    writer.bytes(bytes);
    return writer.take();
  }
};

TEST_F(WithPassword, ClientsProveWhoTheyAre) {
  RawClient client = connect();
  ASSERT_TRUE(client.send(request(ApiKey::api_versions, 0, 0) + handshake(1) +
                          authenticate("secret") + list_groups(3)));
  EXPECT_EQ(correlation_of(client.receive()), 0);
  EXPECT_EQ(to_hex(client.receive().value_or("")),
            "00000001"
            "0000"
            "00000001"
            "0005504c41494e");
  EXPECT_EQ(to_hex(client.receive().value_or("")),
            "00000002"
            "0000"
            "ffff"
            "00000000");
  EXPECT_EQ(correlation_of(client.receive()), 3);
}

TEST_F(WithPassword, OldClientsSendTheBytesAlone) {
  RawClient client = connect();
  ASSERT_TRUE(client.send(handshake(0)));
  EXPECT_EQ(correlation_of(client.receive()), 1);
  ASSERT_TRUE(client.send(framed(plain("secret")) + list_groups(3)));
  EXPECT_EQ(client.receive(), "");
  EXPECT_EQ(correlation_of(client.receive()), 3);
}

TEST_F(WithPassword, NobodyElseGetsAnything) {
  for (const std::string& first : {list_groups(1), produce(1, batch_of(1)),
                                   framed(std::string(20'000, 'x')), framed(plain("secret"))}) {
    RawClient client = connect();
    ASSERT_TRUE(client.send(first));
    EXPECT_TRUE(client.is_closed());
  }
  RawClient wrong = connect();
  ASSERT_TRUE(wrong.send(handshake(1) + authenticate("other") + list_groups(3)));
  EXPECT_EQ(correlation_of(wrong.receive()), 1);
  EXPECT_EQ(to_hex(wrong.receive().value_or("")).substr(0, 12), "00000002003a");
  EXPECT_TRUE(wrong.is_closed());
  RawClient raw = connect();
  ASSERT_TRUE(raw.send(handshake(0) + framed(plain("secrets")) + list_groups(3)));
  EXPECT_EQ(correlation_of(raw.receive()), 1);
  EXPECT_FALSE(raw.receive());
  RawClient skipped = connect();
  ASSERT_TRUE(skipped.send(authenticate("secret")));
  EXPECT_EQ(to_hex(skipped.receive().value_or("")).substr(0, 12), "000000020022");
  RawClient silent = connect();
  EXPECT_TRUE(silent.is_closed());
  EXPECT_EQ(broker_->records(), 0u);
}

}  // namespace
}  // namespace millrace::kafka
