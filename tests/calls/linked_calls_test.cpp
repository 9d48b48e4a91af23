// Promise: nodes with real runtimes call each other over real sockets, in both directions and both at
// once, and a node that stops ends its calls and those of its peers.
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/federation/linked_node.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace {
namespace {

using calls::PeerCalls;
using std::chrono::seconds;

/// Calls, and waits for the end.
Result<std::string> ask(LinkedNode& node, const std::string& peer, const std::string& service,
                        std::string request) {
  const auto ended = std::make_shared<std::promise<Result<std::string>>>();
  auto result = ended->get_future();
  node.calls().call(peer, service, std::move(request), seconds(20),
                    [ended](Result<std::string> outcome) { ended->set_value(std::move(outcome)); });
  if (result.wait_for(seconds(30)) != std::future_status::ready) {
    return Error{ErrorCode::expired, "the call did not end"};
  }
  return result.get();
}

void greet(LinkedNode& node, const std::string& name) {
  node.calls().serve("greet", [name](const std::string& peer, const std::string& request,
                                     const PeerCalls::Answer& answer) {
    answer(name + " to " + peer + ": " + request);
  });
}

TEST(LinkedCalls, AreAnsweredInBothDirectionsUntilANodeStops) {
  const journal::TemporaryDirectory a_directory;
  const journal::TemporaryDirectory b_directory;
  const auto seen = std::make_shared<Seen>();
  LinkedNode b({"b", b_directory.path(), passing(seen)});
  LinkedNode a({"a", a_directory.path(), passing(seen), 1, b.transport().port()});
  greet(a, "a");
  greet(b, "b");
  ASSERT_TRUE(transport::eventually([&] {
    return a.calls().peers_up() == std::vector<std::string>{"b"} &&
           b.calls().peers_up() == std::vector<std::string>{"a"};
  }));
  a.enter(100);  // offers share the link
  for (int i = 0; i < 20; ++i) {
    const auto there = ask(a, "b", "greet", std::to_string(i));
    ASSERT_OK(there);
    EXPECT_EQ(*there, "b to a: " + std::to_string(i));
    const auto back = ask(b, "a", "greet", std::to_string(i));
    ASSERT_OK(back);
    EXPECT_EQ(*back, "a to b: " + std::to_string(i));
  }
  const std::string large(3u << 20, 'x');  // larger than the window of a link
  const auto echoed = ask(a, "b", "greet", large);
  ASSERT_OK(echoed);
  EXPECT_EQ(*echoed, "b to a: " + large);
  EXPECT_TRUE(seen->wait_for(100));

  b.calls().serve("keep", [](const auto&, const auto&, const PeerCalls::Answer& answer) {
    static PeerCalls::Answer kept;  // beyond the end of the node
    kept = answer;
  });
  const auto kept = std::make_shared<std::promise<Result<std::string>>>();
  auto end = kept->get_future();
  a.calls().call("b", "keep", "", seconds(60),
                 [kept](Result<std::string> outcome) { kept->set_value(std::move(outcome)); });
  ASSERT_OK(ask(a, "b", "greet", "the request before this one has arrived"));
  ASSERT_OK(b.runtime().stop());
  const auto refused = ask(a, "b", "greet", "late");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::draining);
  EXPECT_EQ(ask(b, "a", "greet", "late").error().code, ErrorCode::draining);
  ASSERT_OK(b.transport().stop());
  ASSERT_EQ(end.wait_for(seconds(30)), std::future_status::ready);
  EXPECT_EQ(end.get().error().code, ErrorCode::unreachable);
  EXPECT_EQ(ask(a, "b", "greet", "late").error().code, ErrorCode::unreachable);
}

// The real clock and the real timer.
TEST(LinkedCalls, EndByTheirTimeAndWithTheNode) {
  const journal::TemporaryDirectory directory;
  LinkedNode a({"a", directory.path(), passing(std::make_shared<Seen>())});
  std::vector<PeerCalls::Answer> kept;
  a.calls().serve("keep", [&](const auto&, const auto&, const PeerCalls::Answer& answer) {
    kept.push_back(answer);
  });
  std::promise<Result<std::string>> late;
  std::promise<Result<std::string>> stopped;
  a.calls().call("a", "keep", "", seconds(60),
                 [&](Result<std::string> outcome) { stopped.set_value(std::move(outcome)); });
  a.calls().call("a", "keep", "", std::chrono::milliseconds(20),
                 [&](Result<std::string> outcome) { late.set_value(std::move(outcome)); });
  auto result = late.get_future();
  ASSERT_EQ(result.wait_for(seconds(30)), std::future_status::ready);
  EXPECT_EQ(result.get().error().code, ErrorCode::timeout);
  ASSERT_OK(a.runtime().stop());
  auto end = stopped.get_future();
  ASSERT_EQ(end.wait_for(seconds(0)), std::future_status::ready);
  EXPECT_EQ(end.get().error().code, ErrorCode::draining);
}

}  // namespace
}  // namespace millrace
