// StreamSource: the text of an answer that does not end, such as a stream of events. The server
// pulls text when the client has taken the text before, so that a slow client costs at most one
// piece.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace millrace::http {

class LoopInbox;

/// Tells the server's loop that a source may have new text. Any thread; also valid after the stream
/// or the server has ended: wake() then does nothing.
class StreamWaker {
 public:
  StreamWaker() = default;
  StreamWaker(std::shared_ptr<LoopInbox> inbox, std::uint64_t connection, std::uint64_t exchange)
      : inbox_(std::move(inbox)), connection_(connection), exchange_(exchange) {}

  void wake() const;

 private:
  std::shared_ptr<LoopInbox> inbox_{};
  std::uint64_t connection_ = 0;
  std::uint64_t exchange_ = 0;
};

/// All functions are called by the server's loop, must not block, and are never called at once. The
/// source is destroyed by the loop when its stream has ended.
class StreamSource {
 public:
  virtual ~StreamSource() = default;

  /// Called once, before next().
  virtual void start(StreamWaker waker) = 0;

  /// Text that the client has not got yet; null if there is none now. The loop asks again after
  /// `waker` was called, and after each piece.
  [[nodiscard]] virtual std::shared_ptr<const std::string> next() = 0;

  /// Sent when nothing was sent for 15 s, so that both sides notice a dead connection.
  [[nodiscard]] virtual std::shared_ptr<const std::string> keep_alive() = 0;
};

}  // namespace millrace::http
