// Promise: unauthenticated clients cannot disturb a node. Two nodes keep their link and bounded
// memory while clients send garbage, incomplete handshakes and single bytes, or stay idle; with and
// without TLS.
#include <fstream>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "cluster/transport/protocol/record.hpp"
#include "tests/transport/raw_client.hpp"
#include "tests/transport/test_certificates.hpp"
#include "tests/transport/two_nodes.hpp"

namespace millrace::transport {
namespace {

std::size_t resident_mib() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * 4096 >> 20;
}

std::string random_bytes(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(count, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

class HostilePort : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    b_ = started(options("b", "a", 1), at_b_);
    ASSERT_TRUE(b_);
    a_ = started(options("a", "b", b_->port()), at_a_);
    ASSERT_TRUE(at_a_.wait_up("b"));
    ASSERT_TRUE(at_b_.wait_up("a"));
    resident_before_ = resident_mib();
  }
  void TearDown() override {
    expect_unaffected();
    EXPECT_EQ(at_a_.told("b").downs, downs_expected_);
#ifndef __SANITIZE_ADDRESS__  // ASan delays the release of freed memory
    EXPECT_LT(resident_mib(), resident_before_ + 64);
#endif
    EXPECT_TRUE(a_->stop());
    EXPECT_TRUE(b_->stop());
  }
  TransportOptions options(const std::string& node, const std::string& peer, std::uint16_t port) {
    auto made = quick_options(node, peer, port);
    if (GetParam()) made.tls = authority_.issue(node);
    made.hello_timeout = std::chrono::milliseconds(1000);
    return made;
  }
  void expect_unaffected() {
    const std::size_t before = at_b_.told("a").frame_count;
    ASSERT_TRUE(a_->send("b", {FrameKind{1}, "still here"}));
    EXPECT_TRUE(at_b_.wait_frames("a", before + 1));
  }

  TestAuthority authority_;
  RecordingListener at_a_;
  RecordingListener at_b_;
  std::unique_ptr<CafTransport> a_;
  std::unique_ptr<CafTransport> b_;
  std::size_t resident_before_ = 0;
  int downs_expected_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Security, HostilePort, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "Tls" : "Plain"; });

TEST_P(HostilePort, ClosesOnRandomBytes) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    RawClient client(b_->port());
    client.send(random_bytes(64 + seed * 400, seed));
    EXPECT_TRUE(client.is_closed_within(std::chrono::seconds(10))) << seed;
  }
}

TEST_P(HostilePort, ClosesOnHttp) {
  RawClient client(b_->port());
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(client.is_closed_within(std::chrono::seconds(10)));
}

TEST_P(HostilePort, AllocatesNothingForAnnouncedLengths) {
  std::vector<RawClient> clients;
  for (int i = 0; i < 40; ++i) {
    std::string header(record_header_bytes, '\0');
    header.replace(0, 4, "\xff\xff\xff\x7f");
    header[4] = static_cast<char>(i % 2 == 0 ? RecordKind::frame : RecordKind::hello);
    clients.emplace_back(b_->port());
    clients.back().send(header);
  }
  for (auto& client : clients) EXPECT_TRUE(client.is_closed_within(std::chrono::seconds(10)));
}

TEST_P(HostilePort, ClosesSlowHandshakes) {
  // The first bytes of a TLS handshake or of a hello, sent one at a time.
  const std::string start = GetParam()
                                ? std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)
                                : std::string("\x20\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00", 11);
  RawClient client(b_->port());
  const auto begun = std::chrono::steady_clock::now();
  bool is_open = true;
  for (const char c : start) {
    is_open = is_open && client.send({&c, 1}) && client.receive(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(is_open);
  EXPECT_TRUE(client.is_closed_within(std::chrono::seconds(10)));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(800));
}

TEST_P(HostilePort, SurvivesThousandsOfIdleConnections) {
  std::vector<RawClient> clients;
  for (int i = 0; i < 3000; ++i) {
    clients.emplace_back(b_->port());
    if (!clients.back().is_connected()) break;
    if (i % 500 == 0) expect_unaffected();
  }
  EXPECT_GT(clients.size(), 900u);
  expect_unaffected();
  // A node still gets a link between the idle connections: here the same node, restarted.
  ASSERT_TRUE(a_->stop());
  auto anew = options("a", "b", b_->port());
  anew.own.incarnation = 2;
  a_ = started(anew, at_a_);
  EXPECT_TRUE(at_a_.wait_up("b"));
  EXPECT_TRUE(at_b_.wait("a", [](const Told& told) { return told.is_up && told.ups == 2; }));
  downs_expected_ = 1;
}

TEST_P(HostilePort, SurvivesConnectionsThatCloseAtOnce) {
  for (int i = 0; i < 2000; ++i) RawClient client(b_->port());
}

}  // namespace
}  // namespace millrace::transport
