// What HttpClient promises: an answer that comes early is seen, and each way of getting none is
// told apart. Against real servers, and against sockets that misbehave.
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "cluster/http/client/http_client.hpp"
#include "tests/http/raw_listener.hpp"
#include "tests/http/served_fake.hpp"

namespace millrace::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ClientRequest offer_of(const std::string& body) {
  return {.method = "POST",
          .target = offer_path,
          .fields = {{"Content-Type", "application/json"}},
          .body = body};
}

class Client : public ServedFake {
 protected:
  HttpClient open(const std::string& url) {
    auto opened = HttpClient::open(url);
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }
  HttpClient open() { return open("http://" + server_->address()); }
  static std::string failure(const Result<ClientAnswer>& answer) {
    if (answer) return "it answered " + std::to_string(answer->status);
    EXPECT_EQ(answer.error().code, ErrorCode::unreachable);
    return answer.error().message;
  }
};

TEST_F(Client, AsksAgainOnOneConnection) {
  serve();
  HttpClient client = open();
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.ask(offer_of("{}"), seconds(20));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 202);
    EXPECT_EQ(answer->field("content-type"), "application/json");
  }
  const auto status = client.ask({.target = "/api/v1/status"}, seconds(20));
  ASSERT_TRUE(status);
  EXPECT_NE(status->body.find("\"node\""), std::string::npos);
}

TEST_F(Client, SeesARefusalWhileItStillSends) {
  serve();
  HttpClient client = open();
  const auto refused = client.ask(offer_of(std::string(100u << 20, 'x')), seconds(20));
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(refused->status, 413);
  const auto next = client.ask(offer_of("{}"), seconds(20));
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->status, 202);
}

TEST_F(Client, ConnectsAgainWhenTheServerEndedTheConnection) {
  serve({.timeout = milliseconds(200)});
  HttpClient client = open();
  ASSERT_TRUE(client.ask({.target = "/healthz"}, seconds(20)));
  // Connections that ran out of time are closed in one pass, in no certain order. When that of a
  // later pass is closed, so is the client's.
  for (int pass = 0; pass < 2; ++pass) EXPECT_TRUE(connect().is_closed());
  const auto answer = client.ask(offer_of("{}"), seconds(20));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 202);
}

TEST_F(Client, TellsFailuresApart) {
  std::string closed_port;
  {
    const RawListener listener;
    closed_port = listener.url();
  }
  HttpClient refused = open(closed_port);
  EXPECT_NE(failure(refused.ask({}, seconds(20))).find("refused"), std::string::npos);
  HttpClient unknown = open("http://no-such-host.invalid:80");
  EXPECT_NE(failure(unknown.ask({}, seconds(20))).find("cannot find the host"), std::string::npos);
  const RawListener silent;
  HttpClient late = open(silent.url());
  EXPECT_NE(failure(late.ask({}, milliseconds(200))).find("did not answer within 0.2 s"),
            std::string::npos);
}

TEST_F(Client, SurvivesAServerThatGoesAwayWhileItSends) {
  RawListener listener;
  std::thread server([&] { listener.accept_and_close(1u << 10); });
  HttpClient client = open(listener.url());
  const std::string text = failure(client.ask(offer_of(std::string(64u << 20, 'x')), seconds(20)));
  server.join();
  EXPECT_NE(text.find("closed the connection"), std::string::npos) << text;
}

TEST_F(Client, RefusesWhatIsNoUrl) {
  for (const char* url : {"", "localhost:80", "ftp://x", "http://", "http://[::1", "http://x:"}) {
    EXPECT_FALSE(HttpClient::open(url)) << url;
  }
}

}  // namespace
}  // namespace millrace::http
