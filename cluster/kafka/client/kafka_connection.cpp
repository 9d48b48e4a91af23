#include "cluster/kafka/client/kafka_connection.hpp"

#include <deque>
#include <optional>
#include <utility>

#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "cluster/http/message/beast.hpp"
#include "cluster/kafka/client/requests.hpp"
#include "cluster/kafka/wire/reader.hpp"
#include "cluster/kafka/wire/writer.hpp"

namespace millrace::kafka {
namespace {

namespace net = http::net;
namespace beast = http::beast;
using http::NetError;
using http::Tcp;
using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

std::string address_of(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace

class KafkaConnection::Link {
 public:
  Link(const std::string& host, std::uint16_t port, const ClientOptions& options)
      : host_(host), address_(address_of(host, port)), options_(options) {}

  Result<void> connect(std::uint16_t port) {
    if (!options_.ca_file.empty()) {
      tls_context_.emplace(net::ssl::context::tls_client);
      NetError error;
      tls_context_->load_verify_file(options_.ca_file, error);
      if (error) {
        return Error{ErrorCode::invalid_argument,
                     "expected a certificate in " + options_.ca_file + ": " + error.message()};
      }
      tls_context_->set_verify_mode(net::ssl::verify_peer);
    }
    NetError error;
    const auto endpoints = Tcp::resolver(context_).resolve(host_, std::to_string(port), error);
    if (error) return unreachable("cannot find the host of " + address_ + ": " + error.message());
    if (tls_context_) {
      tls_.emplace(context_, *tls_context_);
    } else {
      plain_.emplace(context_);
    }
    plain().expires_after(connect_timeout);
    plain().async_connect(endpoints,
                          [&error](const NetError& done, const Tcp::endpoint&) { error = done; });
    run();
    if (!error) plain().socket().set_option(Tcp::no_delay(true), error);
    if (!error && tls_) error = shake_hands();
    if (error) return failure("cannot connect to " + address_, error, connect_timeout);
    return {};
  }

  Result<void> send(ApiKey key, std::int16_t version, std::string_view body) {
    Writer frame;
    frame.reserve(body.size() + 64);
    frame.uint32(0);  // the length, below
    frame.int16(static_cast<std::int16_t>(key));
    frame.int16(version);
    frame.int32(++last_correlation_);
    frame.nullable_string(options_.client_id);
    frame.raw(body);
    frame.set_uint32(0, static_cast<std::uint32_t>(frame.size() - 4));
    NetError error;
    const auto on_written = [&error](const NetError& done, std::size_t) {
      error = done;
    };
    plain().expires_after(options_.timeout);
    if (tls_) {
      net::async_write(*tls_, net::buffer(frame.written()), on_written);
    } else {
      net::async_write(*plain_, net::buffer(frame.written()), on_written);
    }
    run();
    if (error) return failure("sending to " + address_, error, options_.timeout);
    unanswered_.push_back(last_correlation_);
    return {};
  }

  Result<std::string> receive() {
    std::string front(8, '\0');
    if (auto got = fill(front); !got) return got.error();
    Reader reader(front);
    const std::uint32_t size = reader.uint32("length of the answer");
    const std::int32_t correlation = reader.int32("correlation id");
    if (unanswered_.empty() || correlation != unanswered_.front() || size < 4 ||
        size > answer_bytes_max) {
      return Error{ErrorCode::protocol, address_ + " answers with " + std::to_string(size) +
                                            " bytes to request " + std::to_string(correlation)};
    }
    unanswered_.pop_front();
    std::string body(size - 4, '\0');
    if (auto got = fill(body); !got) return got.error();
    return body;
  }

  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  [[nodiscard]] PlainStream& plain() { return tls_ ? beast::get_lowest_layer(*tls_) : *plain_; }

  static Error unreachable(const std::string& text) { return {ErrorCode::unreachable, text}; }

  static Error failure(const std::string& what, const NetError& error,
                       std::chrono::milliseconds timeout) {
    if (error == beast::error::timeout) {
      return unreachable(what + ": nothing within " + std::to_string(timeout.count()) + " ms");
    }
    return unreachable(what + ": " + error.message());
  }

  [[nodiscard]] NetError shake_hands() {
    tls_->set_verify_callback(net::ssl::host_name_verification(host_));
    NetError error;
    plain().expires_after(connect_timeout);
    tls_->async_handshake(net::ssl::stream_base::client,
                          [&error](const NetError& done) { error = done; });
    run();
    return error;
  }

  /// Receives as many bytes as `bytes` has.
  Result<void> fill(std::string& bytes) {
    NetError error;
    const auto on_read = [&error](const NetError& done, std::size_t) {
      error = done;
    };
    plain().expires_after(options_.timeout);
    if (tls_) {
      net::async_read(*tls_, net::buffer(bytes), on_read);
    } else {
      net::async_read(*plain_, net::buffer(bytes), on_read);
    }
    run();
    if (error) return failure("the answer of " + address_, error, options_.timeout);
    return {};
  }

  void run() {
    context_.restart();
    context_.run();
  }

  const std::string host_;
  const std::string address_;
  const ClientOptions options_;
  net::io_context context_{1};
  std::optional<net::ssl::context> tls_context_{};  ///< null: without TLS
  std::optional<PlainStream> plain_{};
  std::optional<TlsStream> tls_{};
  std::int32_t last_correlation_ = 0;
  std::deque<std::int32_t> unanswered_{};
};

KafkaConnection::KafkaConnection(std::unique_ptr<Link> link) : link_(std::move(link)) {}
KafkaConnection::~KafkaConnection() = default;
KafkaConnection::KafkaConnection(KafkaConnection&&) noexcept = default;
KafkaConnection& KafkaConnection::operator=(KafkaConnection&&) noexcept = default;

Result<KafkaConnection> KafkaConnection::open(const std::string& host, std::uint16_t port,
                                              const ClientOptions& options) {
  KafkaConnection connection(std::make_unique<Link>(host, port, options));
  if (auto connected = connection.link_->connect(port); !connected) return connected.error();
  if (!options.token.empty()) {
    if (auto done = authenticate(connection, options.token); !done) {
      return Error{done.error().code, connection.link_->address() + ": " + done.error().message};
    }
  }
  return connection;
}

Result<void> KafkaConnection::send(ApiKey key, std::int16_t version, std::string_view body) {
  return link_->send(key, version, body);
}

Result<std::string> KafkaConnection::receive() {
  return link_->receive();
}

Result<std::string> KafkaConnection::ask(ApiKey key, std::int16_t version, std::string_view body) {
  if (auto sent = send(key, version, body); !sent) return sent.error();
  return receive();
}

}  // namespace millrace::kafka
