// EventFeed: what changes on a node, as streams of server-sent events. One thread looks at the node
// for all streams, once an interval while there are any.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

#include "cluster/http/handler/stream_source.hpp"
#include "cluster/http/node_api.hpp"

namespace millrace::http {

class EventFeed {
 public:
  /// `api` outlives this.
  EventFeed(NodeApi& api, std::chrono::milliseconds interval, std::uint32_t streams_max);
  /// As stop().
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  /// A stream of the events "status", "members", "queues" and "overruns" (messages whose handler ran
  /// beyond the lease, by stage): as they are now, and when they change. Null: streams_max are open.
  /// May outlive this; then it has no new text. Any thread.
  [[nodiscard]] std::shared_ptr<StreamSource> open();

  /// Ends the thread. Streams get no more events.
  void stop();

 private:
  class Shared;
  class Stream;

  void run();

  NodeApi& api_;
  const std::chrono::milliseconds interval_;
  const std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace millrace::http
