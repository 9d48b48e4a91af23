// Connection: one client's connection, from its first byte to its end. In the server's loop only.
//
//   idle ─▶ head ─▶ (room) ─▶ body ─▶ work ─▶ answer ─▶ idle
//    │       │         │        │                │
//    │       └─────────┴────────┴── refused ──▶ answer ─▶ linger ─▶ closed
//    └─ idle too long ─▶ closed                  └▶ stream ─▶ linger
//
// No phase holds a thread. What a connection holds: in `idle` nothing; in `head` up to
// head_bytes_max and one read; in `body` a charge of the budget of bodies, which stays with the
// request until its answer; in `answer` the answer, counted by the server.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/http/handler/http_handler.hpp"
#include "cluster/http/handler/stream_source.hpp"
#include "cluster/http/handler/work_pool.hpp"
#include "cluster/http/server/activity_order.hpp"
#include "cluster/http/server/answer_writer.hpp"
#include "cluster/http/server/head_parser.hpp"
#include "cluster/http/server/loop_inbox.hpp"

namespace millrace::http {

class Connection;

/// What a connection needs of its server. In the loop.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;

  [[nodiscard]] virtual const ServerOptions& options() const = 0;
  [[nodiscard]] virtual HttpHandler& handler() = 0;
  [[nodiscard]] virtual const std::shared_ptr<LoopInbox>& inbox() const = 0;
  [[nodiscard]] virtual const std::shared_ptr<ByteBudget>& bodies() const = 0;
  /// Connections are to be closed after their next answer.
  [[nodiscard]] virtual bool is_stopping() const = 0;
  /// Where one read goes; its content is the caller's until it returns to the loop.
  [[nodiscard]] virtual net::mutable_buffer scratch() = 0;

  /// Has the handler run in `lane`; may wait for a thread, or for room for its answer.
  virtual void run(Connection& connection, Lane lane, Work work) = 0;
  /// Calls take_room() of the connection, now or when there may be room for its body.
  virtual void ask_for_room(Connection& connection) = 0;
  virtual void note(const Connection& connection, Occupation occupation) = 0;
  /// Bytes of answers that wait in the connection now, as against before.
  virtual void count_answer(std::int64_t change) = 0;
  /// Forgets the connection, which is closed. It may be destroyed when it returns to the loop.
  virtual void forget(Connection& connection) = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Peer {
    std::string address;
    bool is_loopback = false;
  };

  /// `is_reserve`: all others are in use, and only health is answered.
  Connection(ConnectionHost& host, Tcp::socket socket, std::uint64_t id, Peer peer,
             bool is_reserve);

  void start();

  // Events of the inbox; those of a former exchange are ignored.
  void answer(std::uint64_t exchange, HttpResponse response);
  void continue_stream(std::uint64_t exchange);

  /// Tries to get room for the body that waits; returns whether it waits no more.
  bool take_room();
  /// Acts on deadlines that have passed.
  void sweep(SteadyTime now);
  /// The server stops: closes it, at once or after its answer. A stream ends.
  void wind_down();
  /// Closes it; a handler at work is told that the client is gone.
  void close();

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] std::uint64_t body_bytes() const { return head_.request.content_length; }
  [[nodiscard]] const Peer& peer() const { return peer_; }
  [[nodiscard]] bool is_reserve() const { return is_reserve_; }
  /// Whether the client waits for an answer, or takes one.
  [[nodiscard]] bool is_serving() const;

 private:
  enum class Phase : std::uint8_t { idle, head, room, body, work, answer, stream, linger };

  void enter(Phase phase);
  /// As close(); the client is gone.
  void lose();
  void arm_read();
  void on_readable(const NetError& error);
  void on_end_of_input();
  [[nodiscard]] bool wants_bytes() const;
  void take(std::string_view bytes);
  void take_body(std::string_view bytes);
  void find_head();
  void admit(ParsedHead head);
  void receive_body();
  void dispatch();
  void refuse(HttpResponse response);
  void write_answer(HttpResponse response);
  void pull_stream();
  void flush();
  void on_written();
  void end_stream();
  void next_request();
  void linger();

  ConnectionHost& host_;
  Tcp::socket socket_;
  const std::uint64_t id_;
  const Peer peer_;
  const bool is_reserve_;
  Phase phase_ = Phase::idle;
  bool is_closed_ = false;
  bool is_reading_ = false;  ///< a wait for bytes is outstanding
  bool is_writing_ = false;  ///< a wait for room in the socket is outstanding
  bool is_at_end_ = false;   ///< the client sends no more
  SteadyTime deadline_{};    ///< of the phase
  SteadyTime entered_at_{};  ///< the phase

  std::string buffer_{};        ///< received and not used; begins with a request
  std::size_t searched_ = 0;    ///< bytes of buffer_ without the end of a head
  std::ptrdiff_t lines_ = 0;    ///< in buffer_, while it holds no end of a head
  bool is_head_ahead_ = false;  ///< buffer_ is to be searched in a later turn
  std::uint64_t unnoted_ = 0;   ///< bytes received or sent since progress was noted
  std::uint64_t drained_ = 0;   ///< bytes thrown away while lingering

  std::uint64_t exchange_ = 0;  ///< number of the current request
  ParsedHead head_{};
  Lane lane_ = Lane::waiting;
  bool must_close_ = false;     ///< after the answer
  bool is_continuing_ = false;  ///< writes "100 Continue"
  ByteCharge charge_{};
  std::shared_ptr<PendingAnswer> pending_{};
  std::shared_ptr<ClientSession> session_{};  ///< null: no request was given one

  AnswerWriter writer_{};
  std::int64_t answer_bytes_ = 0;            ///< counted at the host
  std::shared_ptr<LossGuard> loss_guard_{};  ///< of the answer that is written
  std::shared_ptr<StreamSource> stream_{};
  bool is_stream_ended_ = false;  ///< its end is being written
};

}  // namespace millrace::http
