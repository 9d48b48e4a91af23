// Promises that a request whose end two readers could see in two places is refused, that its
// connection is closed, and that nothing behind it is executed; and that a client which sends too
// much still gets the refusal.
#include <string>

#include <gtest/gtest.h>

#include "tests/http/served_fake.hpp"

namespace millrace::http {
namespace {

class Framing : public ServedFake {
 protected:
  /// Sends a POST with `field`, behind it a request that would be executed if it were read as one.
  void expect_closed(const std::string& field) {
    RawClient client = connect();
    const std::string inner = post(offer_path, "{\"smuggled\":1}");
    ASSERT_TRUE(client.send("POST " + std::string(offer_path) +
                            " HTTP/1.1\r\nHost: localhost\r\n"
                            "Content-Type: application/json\r\n" +
                            field + "\r\n\r\n" + inner + inner));
    const int status = client.receive().status;
    EXPECT_TRUE(status == 400 || status == 411 || status == 413 || status == 501)
        << field << ": " << status;
    EXPECT_EQ(client.receive().status, 0) << field << ": a second answer";
    EXPECT_TRUE(client.is_closed()) << field;
    const std::lock_guard lock(api_.mutex);
    EXPECT_TRUE(api_.offers.empty()) << field;
  }
};

TEST_F(Framing, EndsConnectionsWhoseLengthIsNoPlainNumber) {
  serve();
  for (const char* length : {"+117", "-1", "0x75", "abc", "",
                             "\xc2\xa0"
                             "117",
                             "117, 117", "117,118", "99999999999999999999"}) {
    expect_closed(std::string("Content-Length: ") + length);
  }
  expect_closed("Content-Length: 0\r\nContent-Length: 117");
  expect_closed("Content-Length: 0\r\nContent-Length: 0");
  expect_closed("Content-Length:\r\n 0");
  expect_alive();
}

TEST_F(Framing, EndsConnectionsWithATransferEncoding) {
  serve();
  for (const char* encoding : {"chunked", "identity", "xchunked", "gzip, chunked", "chunked\r\n x",
                               "\x0b"
                               "chunked",
                               ""}) {
    expect_closed(std::string("Transfer-Encoding: ") + encoding);
  }
  expect_closed("Transfer-Encoding: chunked\r\nContent-Length: 117");
  expect_closed("Content-Length: 117\r\nTransfer-Encoding: chunked");
  expect_alive();
}

TEST_F(Framing, EndsConnectionsWithLinesThatEndForSomeReaders) {
  serve();
  using std::string_literals::operator""s;
  for (const std::string& field :
       {"X: a\rContent-Length: 117"s, "X: a\nContent-Length: 117"s, "X: a\0b\r\nContent-Length: 0"s,
        "Host: localhost"s, "Content-Length : 117"s, " Content-Length: 117"s}) {
    expect_closed(field);
  }
  expect_alive();
}

TEST_F(Framing, WantsOneHost) {
  serve();
  EXPECT_EQ(ask("GET /api/v1/status HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(ask("GET /api/v1/status HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_EQ(ask(request("GET", "/api/v1/status", "Host: localhost\r\n")).status, 400);
}

TEST_F(Framing, RefusesFieldsThatStandTwice) {
  serve();
  const Answer answer = ask(post(offer_path, "{}", "Idempotency-Key: a\r\nIdempotency-Key: b\r\n"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "invalid_argument");
  EXPECT_TRUE(api_.offers.empty());
}

TEST_F(Framing, TellsAClientThatSendsFarTooMuch) {
  serve();
  {
    RawClient client = connect();
    ASSERT_TRUE(client.send(request("POST", offer_path,
                                    "Content-Type: application/json\r\nContent-Length: "
                                    "33554432\r\n")));
    // All of it is sent before the answer is read.
    ASSERT_TRUE(client.send(std::string(32u << 20, 'x')));
    const Answer answer = client.receive();
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.code(), "too_large");
    EXPECT_TRUE(client.is_closed());
  }
  {
    RawClient client = connect();
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: "));
    ASSERT_TRUE(client.send(std::string(16u << 20, 'x')));
    EXPECT_EQ(client.receive().status, 431);
    EXPECT_TRUE(client.is_closed());
  }
  expect_alive();
}

TEST_F(Framing, SaysContinueToAClientThatWaitsForIt) {
  serve();
  RawClient client = connect();
  const std::string fields = "Content-Type: application/json\r\nExpect: 100-continue\r\n";
  ASSERT_TRUE(client.send(request("POST", offer_path, fields + "Content-Length: 2\r\n")));
  EXPECT_EQ(client.receive(false).status, 100);
  ASSERT_TRUE(client.send("{}"));
  EXPECT_EQ(client.receive().status, 202);
  // Too much is refused before the client sends it.
  ASSERT_TRUE(client.send(request("POST", offer_path, fields + "Content-Length: 99999999\r\n")));
  EXPECT_EQ(client.receive().status, 413);
}

TEST_F(Framing, AnswersAClientThatEndsItsSending) {
  serve();
  RawClient client = connect();
  const std::string offer = post(offer_path, "{}");
  ASSERT_TRUE(client.send(offer + offer + offer + request("GET", "/api/v1/status")));
  client.end_sending();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.receive().status, 202);
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(Framing, TakesARequestByteByByte) {
  serve();
  RawClient client = connect();
  for (const char byte : post(offer_path, "{\"a\":1}")) {
    ASSERT_TRUE(client.send(std::string_view(&byte, 1)));
  }
  EXPECT_EQ(client.receive().status, 202);
  EXPECT_EQ(api_.offers.at(0).json, "{\"a\":1}");
}

TEST_F(Framing, SaysNothingOfKeepAliveThatIsNotMeant) {
  serve();
  const Answer answer = ask(request("GET", "/api/v1/status"));
  EXPECT_FALSE(answer.has("Keep-Alive"));
  EXPECT_FALSE(answer.has("keep-alive"));
}

}  // namespace
}  // namespace millrace::http
