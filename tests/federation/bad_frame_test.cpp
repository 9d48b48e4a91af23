// Promise: an invalid frame ends the link to the peer that sent it, and no other link. Checked over
// real sockets and on a simulated network.
#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "cluster/federation/federated_node.hpp"
#include "cluster/federation/frame_kind.hpp"
#include "cluster/transport/sim/simulated_network.hpp"
#include "tests/transport/two_nodes.hpp"

namespace millrace::federation {
namespace {

using transport::Frame;
using transport::FrameKind;
using transport::RecordingListener;
using transport::Transport;

struct BadFrame {
  std::string name;
  Frame frame;
};

std::vector<BadFrame> bad_frames() {
  const std::string torn = "\x0a\x7f";  // a field whose length exceeds the remaining bytes
  return {{"OfUnknownKind", {FrameKind{999}, ""}},  {"TornAttach", {attach_frame, torn}},
          {"TornAttached", {attached_frame, torn}}, {"TornOffer", {offer_frame, torn}},
          {"TornSettled", {settled_frame, torn}},   {"TornResume", {resume_frame, torn}}};
}

const transport::Address somewhere{"127.0.0.1", 1};

transport::TransportOptions options_of(const std::string& node,
                                       const std::vector<transport::Peer>& peers) {
  auto options = transport::quick_options(node, "");
  options.peers = peers;
  return options;
}

/// Peer "b" sends an invalid frame to node "a"; peer "c" does not.
class BadFrameTest : public ::testing::TestWithParam<BadFrame> {
 protected:
  void SetUp() override { spdlog::set_level(spdlog::level::off); }

  void expect_one_link_lost(Transport& a, Transport& b,
                            const std::function<bool(const std::function<bool()>&)>& until) {
    ASSERT_TRUE(until([&] { return at_b_.told("a").is_up && at_c_.told("a").is_up; }));
    ASSERT_TRUE(b.send("a", Frame(GetParam().frame)));
    ASSERT_TRUE(until([&] { return at_b_.told("a").downs == 1; }));
    EXPECT_EQ(at_b_.told("a").last_down.code, ErrorCode::protocol);
    EXPECT_TRUE(until([&] { return at_b_.told("a").ups == 2; })) << "it may link up again";
    EXPECT_TRUE(until([&] { return a.status("b")->is_up; }));
    EXPECT_EQ(at_c_.told("a").downs, 0);
  }

  RecordingListener at_b_;
  RecordingListener at_c_;
};

TEST_P(BadFrameTest, EndsThatLinkOnSockets) {
  auto b = transport::started(options_of("b", {{"a", somewhere}}), at_b_);
  auto c = transport::started(options_of("c", {{"a", somewhere}}), at_c_);
  ASSERT_TRUE(b && c);
  auto a = transport::CafTransport::make(
      options_of("a", {{"b", {"127.0.0.1", b->port()}}, {"c", {"127.0.0.1", c->port()}}}));
  ASSERT_TRUE(a);
  FederatedNode federated("a", **a, [](const auto&, auto) { return "a"; });
  ASSERT_TRUE((*a)->start(federated));
  expect_one_link_lost(**a, *b, [](const auto& holds) { return transport::eventually(holds); });
  EXPECT_TRUE((*a)->stop());
}

TEST_P(BadFrameTest, EndsThatLinkInASimulation) {
  transport::SimulatedNetwork network(7);
  Transport& a = network.add(options_of("a", {{"b", somewhere}, {"c", somewhere}}));
  Transport& b = network.add(options_of("b", {{"a", somewhere}}));
  Transport& c = network.add(options_of("c", {{"a", somewhere}}));
  FederatedNode federated("a", a, [](const auto&, auto) { return "a"; });
  ASSERT_TRUE(a.start(federated) && b.start(at_b_) && c.start(at_c_));
  expect_one_link_lost(a, b, [&](const auto& holds) {
    for (int i = 0; i < 1'000 && !holds(); ++i) network.run_for(10'000);
    return holds();
  });
}

INSTANTIATE_TEST_SUITE_P(Federation, BadFrameTest, ::testing::ValuesIn(bad_frames()),
                         [](const auto& given) { return given.param.name; });

}  // namespace
}  // namespace millrace::federation
