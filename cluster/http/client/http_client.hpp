// HttpClient: asks an HTTP server, over one connection that is kept between requests.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/http/message/http_message.hpp"
#include "messages/result.hpp"

namespace millrace::http {

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  std::vector<HttpField> fields{};  ///< beside Host and Content-Length
  std::string body{};
};

struct ClientAnswer {
  int status = 0;
  std::vector<HttpField> fields{};
  std::string body{};

  /// The value of the first field called `name`, in any case; empty if there is none.
  [[nodiscard]] std::string_view field(std::string_view name) const;
};

/// For one thread. Blocks. Sends no signal: a server that goes away is an error.
class HttpClient {
 public:
  static constexpr std::chrono::seconds connect_timeout{5};
  static constexpr std::uint64_t answer_bytes_max = 256u << 20;

  /// `url`: "http://host:port" or "https://host:port"; without port 80 or 443. With https the
  /// server's certificate must be of an authority that the system trusts. Connects with the first
  /// request. Fails with `invalid_argument`.
  [[nodiscard]] static Result<HttpClient> open(const std::string& url);

  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  /// The answer to a request. An answer that arrives while the request is still being sent counts:
  /// the rest is not sent then. Fails with `unreachable`; the text tells apart: no such host,
  /// nobody listens, no answer within `timeout`, the connection ended before the answer. A GET is
  /// sent again once if a kept connection turns out to have ended.
  [[nodiscard]] Result<ClientAnswer> ask(const ClientRequest& request,
                                         std::chrono::milliseconds timeout);

 private:
  class Link;
  explicit HttpClient(std::unique_ptr<Link> link);
  std::unique_ptr<Link> link_;
};

}  // namespace millrace::http
