// Promise: only a node whose certificate is signed by the cluster's authority and carries its name
// gets a link, if cluster and version match. Any other is refused, and other links stay up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/transport/protocol/hello_check.hpp"
#include "tests/transport/raw_client.hpp"
#include "tests/transport/test_certificates.hpp"
#include "tests/transport/two_nodes.hpp"

namespace millrace::transport {
namespace {

class TlsLink : public ::testing::Test {
 protected:
  TransportOptions options(const std::string& node, const std::string& peer,
                           std::uint16_t port = 1) {
    auto made = quick_options(node, peer, port);
    made.tls = authority_.issue(node);
    return made;
  }
  void start_b() {
    b_ = started(options("b", "a"), at_b_);
    ASSERT_TRUE(b_);
  }
  // Starts `a` with these options, and returns the reason why it gets no link.
  std::string refusal_of(TransportOptions a_options) {
    a_ = started(std::move(a_options), at_a_);
    if (!a_) return "not started";
    EXPECT_TRUE(eventually([&] {
      return !a_->status("b")->last_error.empty() &&
             a_->status("b")->last_error != "the connection ended";
    }));
    EXPECT_EQ(at_a_.told("b").ups, 0);
    EXPECT_EQ(at_b_.told("a").ups, 0);
    return a_->status("b")->last_error;
  }
  // Dials `b` as node "a" with these files, and expects to be refused.
  void expect_refused(const TlsFiles& files) {
    const auto impostor = TlsContext::load(files);
    ASSERT_TRUE(impostor);
    RawClient client(b_->port());
    Connection connection((*impostor)->make_channel(TlsContext::Role::dialing),
                          LinkCore(1 << 20, {5'000'000, 1'000'000, 5'000'000}, 0),
                          make_hello(identity("a")));
    auto event = client.next(connection);
    if (std::holds_alternative<HelloReceived>(event)) {
      connection.welcome(0);
      event = client.next(connection);
    }
    ASSERT_TRUE(std::holds_alternative<LinkClosed>(event));
    EXPECT_EQ(std::get<LinkClosed>(event).reason.code, ErrorCode::unauthenticated);
    EXPECT_EQ(at_b_.told("a").ups, 0);
  }
  void TearDown() override {
    EXPECT_TRUE(!a_ || a_->stop());
    EXPECT_TRUE(!b_ || b_->stop());
  }

  TestAuthority authority_;
  RecordingListener at_a_;
  RecordingListener at_b_;
  std::unique_ptr<CafTransport> a_;
  std::unique_ptr<CafTransport> b_;
};

TEST_F(TlsLink, CarriesFramesBothWays) {
  start_b();
  a_ = started(options("a", "b", b_->port()), at_a_);
  ASSERT_TRUE(at_a_.wait_up("b"));
  ASSERT_TRUE(at_b_.wait_up("a"));
  const std::string large(3 << 20, 'l');
  ASSERT_TRUE(a_->send("b", {FrameKind{1}, large}));
  ASSERT_TRUE(b_->send("a", {FrameKind{1}, "small"}));
  ASSERT_TRUE(at_b_.wait_frames("a", 1));
  ASSERT_TRUE(at_a_.wait_frames("b", 1));
  EXPECT_EQ(at_b_.told("a").frames[0], large);
  EXPECT_EQ(at_a_.told("b").frames[0], "small");
}

TEST_F(TlsLink, RefusesAnotherAuthority) {
  start_b();
  const TestAuthority other;
  auto foreign = options("a", "b", b_->port());
  foreign.tls = other.issue("a");
  EXPECT_THAT(refusal_of(foreign), ::testing::HasSubstr("certificate"));
}

TEST_F(TlsLink, RefusesToDialAnotherAuthority) {
  start_b();
  const TestAuthority other;
  auto suspicious = options("a", "b", b_->port());
  suspicious.tls->ca = other.issue("a").ca;
  EXPECT_THAT(refusal_of(suspicious), ::testing::HasSubstr("certificate"));
}

TEST_F(TlsLink, RefusesAnExpiredCertificate) {
  start_b();
  auto late = options("a", "b", b_->port());
  late.tls = authority_.issue("a", -30);
  const auto made = CafTransport::make(late);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, ::testing::HasSubstr("expired"));
}

TEST_F(TlsLink, RefusesToStartUnderANameThatItsCertificateDoesNotCarry) {
  auto wrong = options("a", "b");
  wrong.tls = authority_.issue("c");
  const auto made = CafTransport::make(wrong);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, ::testing::HasSubstr("'a'"));
}

TEST_F(TlsLink, RefusesADialerWithACertificateOfAnotherName) {
  start_b();
  expect_refused(authority_.issue("c"));
}

// The subject of a certificate is a text for people, and an authority may write there what it likes.
TEST_F(TlsLink, RefusesADialerWhoseCertificateHasItsNameInTheSubjectOnly) {
  start_b();
  expect_refused(authority_.issue_without_dns_name("a"));
}

TEST_F(TlsLink, RefusesToStartWithACertificateWithoutDnsName) {
  auto wrong = options("a", "b");
  wrong.tls = authority_.issue_without_dns_name("a");
  const auto made = CafTransport::make(wrong);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, ::testing::HasSubstr("'a'"));
}

TEST_F(TlsLink, RefusesANodeOtherThanTheDialedOne) {
  auto other = options("c", "a");
  b_ = started(other, at_b_);
  ASSERT_TRUE(b_);
  EXPECT_THAT(refusal_of(options("a", "b", b_->port())),
              ::testing::HasSubstr("dialed 'b', and 'c' answered"));
}

TEST_F(TlsLink, RefusesAnotherCluster) {
  start_b();
  auto foreign = options("a", "b", b_->port());
  foreign.own.cluster = "other";
  EXPECT_THAT(refusal_of(foreign), ::testing::HasSubstr("cluster"));
}

TEST_F(TlsLink, RefusesAnotherVersion) {
  start_b();
  auto newer = options("a", "b", b_->port());
  newer.own.protocol_version = 2;
  EXPECT_THAT(refusal_of(newer), ::testing::HasSubstr("version"));
}

TEST_F(TlsLink, RefusesANodeThatIsNotConfigured) {
  start_b();
  EXPECT_THAT(refusal_of(options("aa", "b", b_->port())),
              ::testing::HasSubstr("not among the nodes"));
}

TEST_F(TlsLink, RefusesPlainPeers) {
  start_b();
  RecordingListener at_a;
  a_ = started(quick_options("a", "b", b_->port()), at_a);
  ASSERT_TRUE(eventually([&] { return !a_->status("b")->last_error.empty(); }));
  EXPECT_EQ(at_a.told("b").ups, 0);
}

TEST_F(TlsLink, NamesTheInvalidFile) {
  auto wrong = options("a", "b");
  wrong.tls->key = wrong.tls->certificate;
  const auto made = CafTransport::make(wrong);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(made.error().message, ::testing::HasSubstr("tls.key"));
  EXPECT_THAT(made.error().message, ::testing::HasSubstr(wrong.tls->key.string()));
}

TEST_F(TlsLink, NewFilesApplyToNewLinksOnly) {
  const TestAuthority elsewhere;
  start_b();
  a_ = started(options("a", "b", b_->port()), at_a_);
  ASSERT_TRUE(at_b_.wait_up("a"));
  ASSERT_TRUE(b_->reload_tls(elsewhere.issue("b")));
  ASSERT_TRUE(a_->send("b", {FrameKind{1}, "on the old link"}));
  ASSERT_TRUE(at_b_.wait_frames("a", 1));
  EXPECT_TRUE(at_b_.told("a").is_up);
  EXPECT_EQ(at_b_.told("a").ups, 1);

  ASSERT_TRUE(b_->reject("a", {ErrorCode::protocol, "a test"}));
  ASSERT_TRUE(at_a_.wait_down("b"));
  EXPECT_TRUE(eventually([&] {
    return a_->status("b")->last_error.find("certificate") != std::string::npos;
  })) << a_->status("b")->last_error;
  EXPECT_EQ(at_a_.told("b").ups, 1);

  ASSERT_TRUE(b_->reload_tls(authority_.issue("b")));
  EXPECT_TRUE(at_a_.wait("b", [](const auto& told) { return told.ups == 2; }));
}

TEST_F(TlsLink, InvalidFilesLeaveTheOldOnesInUse) {
  start_b();
  TlsFiles mixed = authority_.issue("b");
  mixed.key = authority_.issue("c").key;
  TlsFiles missing = authority_.issue("b");
  missing.ca += ".gone";
  for (const TlsFiles& files : {mixed, missing, authority_.issue("c")}) {
    const auto loaded = b_->reload_tls(files);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_THAT(b_->reload_tls(mixed).error().message, testing::HasSubstr(mixed.key.string()));
  EXPECT_THAT(b_->reload_tls(missing).error().message, testing::HasSubstr(missing.ca.string()));
  EXPECT_THAT(b_->reload_tls(std::nullopt).error().message, testing::HasSubstr("got none"));
  a_ = started(options("a", "b", b_->port()), at_a_);
  EXPECT_TRUE(at_a_.wait_up("b"));
}

}  // namespace
}  // namespace millrace::transport
