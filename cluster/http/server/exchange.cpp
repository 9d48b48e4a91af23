#include "cluster/http/server/exchange.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>

#include "cluster/http/server/problem.hpp"

namespace millrace::http {
namespace {

using std::chrono::steady_clock;

constexpr std::uint64_t write_bytes_per_s_min = 64u << 10;
constexpr std::chrono::seconds look_at_client{1};
constexpr int comment_every = 15;  // looks

/// The socket as httplib sees it, with a bound on reading the request and on writing each answer.
class Wire : public httplib::Stream {
 public:
  Wire(Connection& connection, std::chrono::microseconds timeout)
      : connection_(connection), timeout_(timeout) {}

  [[nodiscard]] bool is_readable() const override { return true; }
  [[nodiscard]] bool is_writable() const override {
    pollfd polled{connection_.fd, POLLRDHUP, 0};
    return ::poll(&polled, 1, 0) == 0;
  }

  ssize_t read(char* data, std::size_t size) override {
    const std::string& buffer = connection_.buffer;
    std::size_t count = std::min(size, buffer.size() - std::min(buffer.size(), used_));
    if (count > 0) {
      buffer.copy(data, count, used_);
    } else {
      const ssize_t got = receive(data, size);
      if (got <= 0) return got;
      count = static_cast<std::size_t>(got);
    }
    used_ += count;
    return static_cast<ssize_t>(count);
  }

  ssize_t write(const char* data, std::size_t size) override {
    const SteadyTime deadline =
        steady_clock::now() + timeout_ + std::chrono::seconds(size / write_bytes_per_s_min);
    std::size_t written = 0;
    while (written < size) {
      const ssize_t count = ::send(connection_.fd, data + written, size - written, MSG_NOSIGNAL);
      if (count >= 0) {
        written += static_cast<std::size_t>(count);
      } else if (errno == EAGAIN ? !wait(POLLOUT, deadline) : errno != EINTR) {
        return -1;
      }
    }
    return static_cast<ssize_t>(size);
  }

  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  /// Only compared with FD_SETSIZE by httplib, for a select() that nobody calls here.
  [[nodiscard]] socket_t socket() const override { return 0; }

  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] bool is_late() const { return is_late_; }

 private:
  ssize_t receive(char* data, std::size_t size) {
    while (true) {
      const ssize_t got = ::recv(connection_.fd, data, size, 0);
      if (got >= 0) return got;
      if (errno == EAGAIN) {
        if (wait(POLLIN, connection_.deadline)) continue;
        is_late_ = true;
        return -1;
      }
      if (errno != EINTR) return -1;
    }
  }

  [[nodiscard]] bool wait(short what, SteadyTime deadline) const {
    while (true) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
      if (left <= 0) return false;
      pollfd polled{connection_.fd, what, 0};
      const int ready = ::poll(&polled, 1, static_cast<int>(left));
      if (ready > 0) return true;
      if (ready < 0 && errno != EINTR) return false;
    }
  }

  Connection& connection_;
  const std::chrono::microseconds timeout_;
  std::size_t used_ = 0;
  bool is_late_ = false;
};

/// What httplib's handlers need to know of the exchange that their thread is at.
struct Current {
  Connection* connection = nullptr;
  Wire* wire = nullptr;
  std::optional<HttpRequest> request{};
  bool must_close = false;
};
thread_local Current* current = nullptr;

/// Leaves out fields that would make httplib do what is not wanted here: parse ranges by regular
/// expressions, and send parts. The lines keep their ends.
void drop_ranges(Connection& connection) {
  std::string& buffer = connection.buffer;
  std::size_t line = buffer.find("\r\n") + 2;
  while (line + 2 < connection.head_size) {
    const std::size_t next = buffer.find("\r\n", line) + 2;
    std::string name = buffer.substr(line, std::min<std::size_t>(6, next - line));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (name == "range:") {
      buffer.erase(line, next - line);
      connection.head_size -= next - line;
    } else {
      line = next;
    }
  }
}

void put(const HttpResponse& response, httplib::Response& out) {
  out.status = response.status;
  out.reason = reason_of(response.status);
  for (const auto& [name, value] : response.headers) out.set_header(name.c_str(), value);
  out.set_header("Cache-Control", "no-store");
  out.set_header("X-Content-Type-Options", "nosniff");
  out.set_content(response.body, response.content_type);
  if (current->must_close) out.set_header("Connection", "close");
}

std::optional<HttpResponse> refuse_framing(const httplib::Request& in, HttpRequest& out) {
  if (in.has_header("Transfer-Encoding")) {
    return problem(411, "length_required", "expected a Content-Length, not Transfer-Encoding");
  }
  if (in.has_header("Content-Encoding") && in.get_header_value("Content-Encoding") != "identity") {
    return problem(415, "unsupported_media_type", "expected no Content-Encoding");
  }
  const std::size_t lengths = in.get_header_value_count("Content-Length");
  if (lengths == 0) return std::nullopt;
  const std::string text = in.get_header_value("Content-Length");
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), out.content_length);
  if (error == std::errc::result_out_of_range) {
    out.content_length = ~std::uint64_t{0};
  } else if (lengths > 1 || error != std::errc() || end != text.data() + text.size()) {
    return problem({ErrorCode::invalid_argument, "Content-Length: expected one number"});
  }
  return std::nullopt;
}

}  // namespace

class Exchange::Server : public httplib::Server {
 public:
  Server(Router& router, EventFeed& feed, Limits limits)
      : router_(router), feed_(feed), limits_(limits) {
    svr_sock_ = 0;  // anything but "none": that would tell httplib to stop
    set_payload_max_length(limits.body_bytes_max);
    set_pre_routing_handler([this](const auto& in, auto& out) { return without_body(in, out); });
    set_expect_100_continue_handler(
        [this](const auto& in, auto& out) { return refuse(in, out) ? out.status : 100; });
    // Reached with the body read. The target is short by now, so the expression cannot recurse
    // deep.
    Post("[^]*", [this](const httplib::Request& in, httplib::Response& out) {
      current->request->body = in.body;
      answer(out);
    });
    set_error_handler(HandlerWithResponse(
        [](const httplib::Request&, httplib::Response& out) { return explain(out); }));
  }

  bool serve(Connection& connection) {
    drop_ranges(connection);
    Wire wire(connection, limits_.timeout);
    Current here{.connection = &connection, .wire = &wire};
    current = &here;
    bool closed = false;
    const bool written = process_request(wire, false, closed, [](httplib::Request& request) {
      request.headers.erase("Accept-Encoding");  // compressing costs more than it saves
    });
    current = nullptr;
    const std::uint64_t size =
        connection.head_size + (here.request ? here.request->content_length : 0);
    const bool is_whole = wire.used() == size;
    connection.buffer.erase(0, wire.used());
    return written && !closed && !here.must_close && is_whole;
  }

  void stop() { svr_sock_ = INVALID_SOCKET; }

 private:
  /// Says why httplib itself refused a request.
  static HandlerResponse explain(httplib::Response& out) {
    if (!out.body.empty()) return HandlerResponse::Unhandled;
    current->must_close = true;
    if (current->wire->is_late()) {
      put(problem(408, "timeout", "the request took too long to come in"), out);
    } else if (out.status == 414) {
      put(problem(414, "uri_too_long", "expected a shorter target"), out);
    } else {
      put(problem(out.status, "bad_request", "this is not a request as HTTP/1.1 has them"), out);
    }
    return HandlerResponse::Handled;
  }

  /// True: `out` says why. The rest of the request is not read then.
  bool refuse(const httplib::Request& in, httplib::Response& out) {
    if (current->request) return false;  // it has passed
    HttpRequest& request = current->request.emplace();
    request.method = in.method;
    request.target = in.target;
    request.authorization = in.get_header_value("Authorization");
    request.content_type = in.get_header_value("Content-Type");
    request.idempotency_key = in.get_header_value("Idempotency-Key");
    request.is_from_loopback = current->connection->is_from_loopback;
    auto refusal = refuse_framing(in, request);
    if (!refusal) refusal = router_.refuse(request);
    if (!refusal) return false;
    current->must_close =
        current->must_close || request.content_length > 0 || in.has_header("Transfer-Encoding");
    put(*refusal, out);
    return true;
  }

  HandlerResponse without_body(const httplib::Request& in, httplib::Response& out) {
    if (refuse(in, out)) return HandlerResponse::Handled;
    if (current->request->content_length > 0) return HandlerResponse::Unhandled;
    answer(out);
    return HandlerResponse::Handled;
  }

  void answer(httplib::Response& out) {
    HttpResponse response = router_.answer(*current->request);
    if (!response.is_event_stream) return put(response, out);
    if (streams_.fetch_add(1) >= limits_.event_streams_max) {
      --streams_;
      HttpResponse refusal = problem(503, "too_many_streams", "all streams of events are taken");
      refusal.headers.emplace_back("Retry-After", "10");
      return put(refusal, out);
    }
    stream_events(out);
  }

  void stream_events(httplib::Response& out) {
    current->must_close = true;
    out.set_header("Cache-Control", "no-store");
    out.set_header("Connection", "close");
    feed_.join();
    auto position = std::make_shared<EventFeed::Position>();
    auto looks = std::make_shared<int>(0);
    out.set_chunked_content_provider(
        "text/event-stream",
        [this, position, looks](std::size_t, httplib::DataSink& sink) {
          std::string text = feed_.next(*position, look_at_client);
          if (svr_sock_ == INVALID_SOCKET) {
            sink.done();
            return true;
          }
          if (!sink.is_writable()) return false;
          if (text.empty() && ++*looks % comment_every == 0) text = ": still here\n\n";
          return text.empty() || sink.write(text.data(), text.size());
        },
        [this](bool) {
          feed_.leave();
          --streams_;
        });
  }

  Router& router_;
  EventFeed& feed_;
  const Limits limits_;
  std::atomic<std::uint32_t> streams_ = 0;
};

Exchange::Exchange(Router& router, EventFeed& feed, Limits limits)
    : server_(std::make_unique<Server>(router, feed, limits)) {}

Exchange::~Exchange() = default;

bool Exchange::serve(Connection& connection) {
  return server_->serve(connection);
}

void Exchange::stop() {
  server_->stop();
}

}  // namespace millrace::http
