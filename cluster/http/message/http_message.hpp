// HttpRequest and HttpResponse: a request and its answer as handlers see them. No type of the HTTP
// library and no socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/result.hpp"

namespace millrace::http {

class ClientSession;
class StreamSource;

/// When something is due that a request waits for.
using SteadyTime = std::chrono::steady_clock::time_point;

/// A header field.
struct HttpField {
  std::string name;
  std::string value;  ///< without blanks at its ends
};

struct HttpRequest {
  std::string method;
  std::string target;                          ///< as received
  std::vector<std::string> path{};             ///< decoded segments; filled in by parse_target()
  std::map<std::string, std::string> query{};  ///< decoded; filled in by parse_target()
  std::vector<HttpField> fields{};             ///< in the order received
  std::uint64_t content_length = 0;            ///< bytes of the body
  std::string peer{};                          ///< the client's IP address, without port
  bool is_from_loopback = true;
  bool is_from_peer = false;  ///< another node asks, for what this node has: see PeerAsker
  std::string body{};
  /// Null: the connection is closed behind the answer.
  std::shared_ptr<ClientSession> session{};

  /// The value of the first field called `name`, in any case; empty if there is none.
  [[nodiscard]] std::string_view field(std::string_view name) const;
  /// How many fields are called `name`, in any case.
  [[nodiscard]] std::size_t count(std::string_view name) const;
};

/// Calls a function when it is destroyed, unless the answer that has it was written as a whole.
class LossGuard {
 public:
  /// `lost` must not block or throw.
  explicit LossGuard(std::function<void()> lost) : lost_(std::move(lost)) {}
  ~LossGuard() {
    if (lost_) lost_();
  }
  LossGuard(const LossGuard&) = delete;
  LossGuard& operator=(const LossGuard&) = delete;
  void written() { lost_ = nullptr; }

 private:
  std::function<void()> lost_;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  /// Set: `body` is ignored, and the source's text is sent until the client or the server ends it.
  std::shared_ptr<StreamSource> stream{};
  /// Null: nobody need know whether the answer was written.
  std::shared_ptr<LossGuard> loss_guard{};
};

/// Splits the target into path and query. Segments are decoded one by one, so that an encoded slash
/// stays within its segment. Fails with `invalid_argument`: no path, empty or dotted segments, bad
/// escapes, control characters, a parameter given twice.
[[nodiscard]] Result<void> parse_target(HttpRequest& request);

/// Replaces "%41" and the like by the bytes they stand for; nullopt if an escape is incomplete, or
/// if the result has a control character.
[[nodiscard]] std::optional<std::string> decode_escapes(std::string_view text);

/// `text` with all but unreserved characters escaped (RFC 3986).
[[nodiscard]] std::string encode_segment(std::string_view text);

/// Whether two ASCII texts are equal in any case.
[[nodiscard]] bool equals_in_any_case(std::string_view a, std::string_view b);

}  // namespace millrace::http
