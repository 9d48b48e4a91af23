#include "cluster/http/client/http_client.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "cluster/http/message/beast.hpp"

namespace millrace::http {
namespace {

using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

struct Url {
  std::string text;
  std::string host;  ///< without brackets
  std::string port;
  std::string host_field;
  bool is_tls = false;
};

std::optional<Url> parse_url(const std::string& text) {
  Url url;
  url.text = text;
  url.is_tls = text.starts_with("https://");
  if (!url.is_tls && !text.starts_with("http://")) return std::nullopt;
  url.host_field = text.substr(text.find("://") + 3);
  const std::size_t bracket = url.host_field.starts_with('[') ? url.host_field.find(']') : 0;
  if (bracket == std::string::npos) return std::nullopt;
  const std::size_t colon = url.host_field.find(':', bracket);
  url.host = url.host_field.substr(0, colon);
  if (bracket > 0) url.host = url.host_field.substr(1, bracket - 1);
  url.port =
      colon == std::string::npos ? (url.is_tls ? "443" : "80") : url.host_field.substr(colon + 1);
  if (url.host.empty() || url.port.empty()) return std::nullopt;
  return url;
}

Error unreachable(const std::string& text) {
  return {ErrorCode::unreachable, text};
}

std::string seconds_of(std::chrono::milliseconds time) {
  const auto tenths = time.count() / 100;
  const std::string rest = tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10);
  return std::to_string(tenths / 10) + rest + " s";
}

}  // namespace

class HttpClient::Link {
 public:
  explicit Link(Url url) : url_(std::move(url)) {
    if (!url_.is_tls) return;
    // It reads all certificates that the system trusts: milliseconds, which every client without
    // TLS would spend in vain.
    tls_context_.emplace(net::ssl::context::tls_client);
    NetError ignored;
    tls_context_->set_default_verify_paths(ignored);
    tls_context_->set_verify_mode(net::ssl::verify_peer);
  }

  Result<ClientAnswer> ask(const ClientRequest& request, std::chrono::milliseconds timeout) {
    const bool is_kept = is_usable();
    if (!is_kept) {
      if (auto connected = connect(); !connected) return connected.error();
    }
    has_answer_begun_ = false;
    auto answer = exchange(request, timeout);
    if (answer || !is_kept || has_answer_begun_ || is_late_ || request.method != "GET") {
      return answer;
    }
    if (auto connected = connect(); !connected) return connected.error();
    return exchange(request, timeout);
  }

 private:
  [[nodiscard]] PlainStream& plain() { return tls_ ? beast::get_lowest_layer(*tls_) : *plain_; }

  /// Whether the connection is there, and the server has not ended it meanwhile.
  [[nodiscard]] bool is_usable() {
    if (!plain_ && !tls_) return false;
    Tcp::socket& socket = plain().socket();
    NetError error;
    socket.non_blocking(true, error);
    char byte = 0;
    socket.receive(net::buffer(&byte, 1), Tcp::socket::message_peek, error);
    if (error == net::error::would_block) return true;
    close();  // ended, or something unasked is there
    return false;
  }

  void close() {
    plain_.reset();
    tls_.reset();
  }

  Result<void> connect() {
    close();
    NetError error;
    const auto endpoints = Tcp::resolver(context_).resolve(url_.host, url_.port, error);
    if (error) {
      return unreachable("cannot find the host of " + url_.text + ": " + error.message());
    }
    if (url_.is_tls) {
      tls_.emplace(context_, *tls_context_);
    } else {
      plain_.emplace(context_);
    }
    plain().expires_after(connect_timeout);
    plain().async_connect(endpoints,
                          [&error](const NetError& done, const Tcp::endpoint&) { error = done; });
    run();
    if (!error) plain().socket().set_option(Tcp::no_delay(true), error);
    const bool is_connected = !error;
    if (is_connected && tls_) error = shake_hands();
    if (!error) return {};
    close();
    const std::string what =
        (is_connected ? "no TLS handshake with " : "cannot connect to ") + url_.text;
    if (error == beast::error::timeout) {
      return unreachable(what + " within " + seconds_of(connect_timeout));
    }
    return unreachable(what + ": " + error.message());
  }

  [[nodiscard]] NetError shake_hands() {
    // SSL_set_tlsext_host_name() without its C cast.
    std::string name = url_.host;
    if (SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 name.data()) != 1) {
      return net::error::no_memory;
    }
    tls_->set_verify_callback(net::ssl::host_name_verification(url_.host));
    NetError error;
    plain().expires_after(connect_timeout);
    tls_->async_handshake(net::ssl::stream_base::client,
                          [&error](const NetError& done) { error = done; });
    run();
    return error;
  }

  void run() {
    context_.restart();
    context_.run();
  }

  Result<ClientAnswer> exchange(const ClientRequest& request, std::chrono::milliseconds timeout) {
    return tls_ ? exchange_on(*tls_, request, timeout) : exchange_on(*plain_, request, timeout);
  }

  /// Sends and receives at once, so that an answer which comes early is seen.
  template <class Stream>
  Result<ClientAnswer> exchange_on(Stream& stream, const ClientRequest& request,
                                   std::chrono::milliseconds timeout) {
    beast_http::request<beast_http::string_body> message(beast_http::verb::unknown, request.target,
                                                         11);
    message.method_string(request.method);
    message.set(beast_http::field::host, url_.host_field);
    for (const HttpField& field : request.fields) message.set(field.name, field.value);
    message.body() = request.body;
    if (!request.body.empty() || request.method == "POST") {
      message.content_length(message.body().size());
    }
    beast_http::response_parser<beast_http::string_body> parser;
    parser.body_limit(answer_bytes_max);
    beast::flat_buffer buffer;
    NetError write_error = net::error::would_block;
    NetError read_error;
    plain().expires_after(timeout);
    beast_http::async_write(stream, message, [&](const NetError& error, std::size_t) {
      write_error = error;  // the answer, or the end of the connection, says more
    });
    beast_http::async_read(stream, buffer, parser, [&](const NetError& error, std::size_t) {
      read_error = error;
      if (write_error == net::error::would_block) plain().socket().cancel();
    });
    run();
    has_answer_begun_ = parser.got_some();
    is_late_ = read_error == beast::error::timeout;
    const bool is_reusable = !read_error && !write_error && parser.get().keep_alive();
    ClientAnswer answer;
    if (!read_error) answer = answer_of(parser.release());
    if (!is_reusable) close();
    if (!read_error) return answer;
    if (is_late_) {
      return unreachable(url_.text + " did not answer within " + seconds_of(timeout));
    }
    const bool is_end = read_error == beast_http::error::end_of_stream ||
                        read_error == beast_http::error::partial_message ||
                        read_error == net::error::connection_reset || read_error == net::error::eof;
    return unreachable(is_end ? url_.text + " closed the connection before it had answered"
                              : "the answer of " + url_.text + ": " + read_error.message());
  }

  static ClientAnswer answer_of(beast_http::response<beast_http::string_body> response) {
    ClientAnswer answer;
    answer.status = static_cast<int>(response.result_int());
    for (const auto& field : response) {
      answer.fields.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    answer.body = std::move(response.body());
    return answer;
  }

  const Url url_;
  net::io_context context_{1};
  std::optional<net::ssl::context> tls_context_{};  ///< null: without TLS
  std::optional<PlainStream> plain_{};
  std::optional<TlsStream> tls_{};
  bool has_answer_begun_ = false;  ///< in the latest exchange
  bool is_late_ = false;           ///< the latest exchange ended by its timeout

  friend class HttpClient;
};

std::string_view ClientAnswer::field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const HttpField& each) {
    return equals_in_any_case(each.name, name);
  });
  return found == fields.end() ? std::string_view() : std::string_view(found->value);
}

Result<HttpClient> HttpClient::open(const std::string& url) {
  auto parsed = parse_url(url);
  if (!parsed) {
    return Error{ErrorCode::invalid_argument, "expected http://host:port, got " + url};
  }
  return HttpClient(std::make_unique<Link>(std::move(*parsed)));
}

HttpClient::HttpClient(std::unique_ptr<Link> link) : link_(std::move(link)) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Result<ClientAnswer> HttpClient::ask(const ClientRequest& request,
                                     std::chrono::milliseconds timeout) {
  return link_->ask(request, timeout);
}

}  // namespace millrace::http
