// HttpHandler: what a server is given to answer requests with.
#pragma once

#include <cstdint>
#include <optional>

#include "cluster/http/handler/responder.hpp"
#include "cluster/http/handler/stream_source.hpp"
#include "cluster/http/message/http_message.hpp"

namespace millrace::http {

/// Where a handler runs.
enum class Lane : std::uint8_t {
  health,   ///< in the loop, and also where all connections are in use; must not block or fail
  loop,     ///< in the loop; must not block
  brief,    ///< on a thread of the pool; ends within milliseconds
  waiting,  ///< on a thread; may wait for other threads and the disk
  bulky,    ///< as `waiting`; the answer may have MiB
  lasting,  ///< on a thread; may take minutes
};

/// What becomes of a request, by its head.
struct Admission {
  std::optional<HttpResponse> refusal{};  ///< set: the answer; the body is not read
  Lane lane = Lane::waiting;
  std::uint64_t body_bytes_max = 0;  ///< a larger body is refused with 413
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  /// Judges a request by its head; may fill in `path` and `query`. In the loop: must not block.
  [[nodiscard]] virtual Admission admit(HttpRequest& request) = 0;

  /// Answers a request with its whole body, at once or later; see Responder. In the lane of its
  /// admission; several at once, but in the loop. An exception is answered with 500.
  virtual void handle(HttpRequest request, const Responder& responder) = 0;
};

}  // namespace millrace::http
