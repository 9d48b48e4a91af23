// LinkedNode: a node in this process, linked to another over a real socket. Messages that enter at
// "a" are handled at "b".
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/federation/federated_node.hpp"
#include "tests/runtime/runtime_fixture.hpp"
#include "tests/transport/two_nodes.hpp"

namespace millrace {

inline const QueueRef<StringValue>& passed() {
  static const auto ref = queue<StringValue>("test.passed").key_by(name_of);
  return ref;
}

/// Places queue `work` on "a" and queue `passed` on "b".
inline std::string by_queue(const std::string& queue, std::uint32_t /*shard*/) {
  return queue == passed().name() ? "b" : "a";
}

inline std::vector<PipelineSpec> passing(const std::shared_ptr<Seen>& seen) {
  return {pipeline("first")
              .from(work())
              .then("pass", [](const StringValue& in) { return in; })
              .to(passed()),
          pipeline("second").from(passed()).then(
              "count", [seen](const StringValue& in) { seen->add(name_of(in)); })};
}

struct LinkedNodeOptions {
  std::string name;
  std::filesystem::path data_dir;
  std::vector<PipelineSpec> pipelines;
  std::uint64_t incarnation = 1;
  std::uint16_t peer_port = 1;  ///< port of "b"; 1: no node listens there
  federation::Placement placement = by_queue;
  bool accepts_loss = false;
  /// As in RuntimeOptions, but may return. Empty: the default of RuntimeOptions.
  std::function<void(const Error&)> on_fatal{};
};

class LinkedNode {
 public:
  /// Starts a node, or fails the test.
  explicit LinkedNode(const LinkedNodeOptions& given) {
    const std::string& name = given.name;
    auto options = transport::quick_options(name, name == "a" ? "b" : "a", given.peer_port);
    options.own.incarnation = given.incarnation;
    options.own.features = calls::calls_feature;
    auto made = transport::CafTransport::make(std::move(options));
    if (!made) {
      ADD_FAILURE() << made.error().message;
      return;
    }
    transport_ = std::move(*made);
    calls_ = std::make_unique<calls::PeerCalls>(name, given.incarnation, *transport_, clock_);
    federated_ = std::make_unique<federation::FederatedNode>(name, *transport_, given.placement,
                                                             calls_.get());
    RuntimeOptions runtime = small_runtime(given.data_dir);
    runtime.accepts_loss = given.accepts_loss;
    runtime.on_fatal = given.on_fatal;
    auto started = Runtime::start(runtime, given.pipelines, federated_.get());
    if (!started) {
      ADD_FAILURE() << started.error().message;
      return;
    }
    runtime_ = std::move(*started);
    if (auto start = transport_->start(*federated_); !start) {
      ADD_FAILURE() << start.error().message;
    }
  }
  ~LinkedNode() {
    // Drains before the destruction, as a process does.
    if (runtime_) (void)runtime_->stop();
    if (transport_) (void)transport_->stop();
  }
  LinkedNode(const LinkedNode&) = delete;
  LinkedNode& operator=(const LinkedNode&) = delete;

  [[nodiscard]] Runtime& runtime() { return *runtime_; }
  [[nodiscard]] transport::CafTransport& transport() { return *transport_; }
  [[nodiscard]] calls::PeerCalls& calls() { return *calls_; }

  /// Offers `count` messages, and waits until they are durable at this node.
  void enter(int count, std::size_t padding = 100) {
    auto sender = runtime_->sender(work(), {.producer = "test"});
    ASSERT_TRUE(sender) << sender.error().message;
    for (int i = 0; i < count; ++i) {
      ASSERT_OK(sender->send(message(std::to_string(i), padding)));
    }
    ASSERT_OK(sender->flush());
  }

  [[nodiscard]] QueueInfo queue(const std::string& name) {
    for (const QueueInfo& info : runtime_->queues()) {
      if (info.name == name) return info;
    }
    return {};
  }

 private:
  const SystemClock clock_;
  std::unique_ptr<transport::CafTransport> transport_;
  std::unique_ptr<calls::PeerCalls> calls_;
  std::unique_ptr<federation::FederatedNode> federated_;
  std::unique_ptr<Runtime> runtime_;
};

}  // namespace millrace
