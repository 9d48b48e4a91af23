// Exchange: reads one request from a connection, has it answered, and writes the answer.
//
// cpp-httplib does the parsing and the writing. Its own server is not used: it ties a thread to
// each connection, has no bound on a request as a whole, and stops listening at the first signal.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "cluster/http/event_feed.hpp"
#include "cluster/http/routes/router.hpp"
#include "cluster/http/server/connection.hpp"

namespace millrace::http {

class Exchange {
 public:
  struct Limits {
    std::uint64_t body_bytes_max = 8u << 20;
    std::uint32_t event_streams_max = 8;
    std::chrono::microseconds timeout = std::chrono::seconds(30);
  };

  /// `router` and `feed` outlive this.
  Exchange(Router& router, EventFeed& feed, Limits limits);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Serves the request at the front of the connection's buffer. True: the connection is good for
  /// another. Any number of threads at once; blocks, until the connection's deadline for reading,
  /// for the timeout and a second for each 64 KiB for writing, and as long as a client listens to
  /// events.
  bool serve(Connection& connection);

  /// Ends streams of events.
  void stop();

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace millrace::http
