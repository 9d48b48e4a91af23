// Exchange: one request of a client, until it is answered. In the loop only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/http/handler/byte_budget.hpp"
#include "cluster/kafka/protocol/request_header.hpp"
#include "cluster/kafka/server/frame.hpp"

namespace millrace::kafka {

/// What is known of a client; lives as long as its connection.
struct Session {
  /// How far the client has proved who it is.
  enum class Sasl : std::uint8_t {
    none,         ///< it has said nothing
    by_frames,    ///< the next frame is of the mechanism, without a header
    by_requests,  ///< by SaslAuthenticate
    is_authentic,
  };

  std::string host{};  ///< its address
  bool must_authenticate = false;
  Sasl sasl = Sasl::none;
  std::string user{};   ///< if authentic
  bool closes = false;  ///< the connection ends when the answers so far are written

  [[nodiscard]] bool is_admitted() const {
    return !must_authenticate || sasl == Sasl::is_authentic;
  }
};

/// The other end: the connection, or a test.
class ExchangeHost {
 public:
  virtual ~ExchangeHost() = default;
  /// An exchange has its answer.
  virtual void on_answered() = 0;
  /// Closes the connection, and logs why.
  virtual void on_failed(const std::string& reason) = 0;
  [[nodiscard]] virtual Session& session() = 0;
};

/// Views of the request, such as RequestHeader::client_id, are valid until the answer, and as long as its
/// frame is shared.
class Exchange {
 public:
  /// `host` is null once the connection has gone.
  Exchange(ExchangeHost& host, std::shared_ptr<const Frame> frame, const ParsedHeader& parsed)
      : host_(&host), frame_(std::move(frame)), header_(parsed.header), body_(parsed.body) {}

  [[nodiscard]] const RequestHeader& header() const { return header_; }
  /// The request behind its header; valid while the frame is.
  [[nodiscard]] std::string_view body() const { return body_; }
  [[nodiscard]] const std::shared_ptr<const Frame>& frame() const { return frame_; }
  /// REQUIRES: not answered, and not is_gone().
  [[nodiscard]] Session& session() { return host_->session(); }

  /// A writer that holds the front of the answer.
  [[nodiscard]] Writer begin() const;
  /// Answers by what begin() has begun.
  void answer(Writer& writer);
  /// As answer(), in pieces behind each other, of which the first was begun by begin(). `charge` is held
  /// until the client has taken them.
  void answer(std::vector<std::string> pieces, http::ByteCharge charge = {});
  /// The client expects no answer.
  void answer_nothing();
  /// Answers by bytes behind their length, without a header.
  void answer_raw(std::string_view bytes);
  /// The client cannot be answered: its connection is closed.
  void fail(const std::string& reason);

  /// `notify` is called once if the client goes before it is answered.
  void on_gone(std::function<void()> notify) { on_gone_ = std::move(notify); }

  /// Whether the client has gone, or has its answer; then answers are dropped.
  [[nodiscard]] bool is_gone() const { return host_ == nullptr; }

  // For the connection.

  [[nodiscard]] bool is_answered() const { return is_answered_; }
  [[nodiscard]] std::vector<std::string> take_pieces() { return std::move(pieces_); }
  [[nodiscard]] http::ByteCharge take_charge() { return std::move(charge_); }
  void notify_gone();
  /// The connection needs it no more.
  void detach() { host_ = nullptr; }

 private:
  void complete();

  ExchangeHost* host_;
  std::shared_ptr<const Frame> frame_;  ///< until the answer
  const RequestHeader header_;
  const std::string_view body_;
  bool is_answered_ = false;
  std::vector<std::string> pieces_{};
  http::ByteCharge charge_{};
  std::function<void()> on_gone_{};
};

/// Answers requests.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  /// Answers the exchange, at once or later. False if there is no room for what it needs now: it is tried
  /// again, and what comes behind it on the connection waits. REQUIRES: it is not answered, and the client is
  /// admitted or asks for what goes before.
  [[nodiscard]] virtual bool handle(const std::shared_ptr<Exchange>& exchange) = 0;
  /// The server stops: what waits for something to happen is answered now.
  virtual void wind_down() = 0;
};

}  // namespace millrace::kafka
