// EventFeed: what changes on a node, as server-sent events. One look a second serves all streams.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "cluster/http/node_api.hpp"

namespace millrace::http {

class EventFeed {
 public:
  static constexpr std::size_t kinds = 3;  ///< status, members, queues

  /// What a stream has seen of each kind.
  struct Position {
    std::array<std::uint64_t, kinds> seen{};
  };

  /// `api` outlives this, and is asked every `interval` while somebody listens.
  EventFeed(NodeApi& api, std::chrono::milliseconds interval);
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  void join();   ///< somebody listens
  void leave();  ///< no longer

  /// What is new since `position`, as text of events; waits for it at most `timeout`. Empty:
  /// nothing is, or the feed has stopped.
  [[nodiscard]] std::string next(Position& position, std::chrono::milliseconds timeout);

  void stop();

 private:
  struct Kind {
    std::uint64_t version = 0;
    std::string data;
  };

  void run();
  void publish(std::array<std::string, kinds> data);

  NodeApi& api_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<Kind, kinds> state_;
  std::uint32_t listeners_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace millrace::http
