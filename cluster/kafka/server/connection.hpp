// Connection: one client's connection, from its first byte to its end. In the server's loop only.
//
// Requests are taken as they come, up to bounds, and handled at once; their answers are written in the order
// of the requests. At a bound nothing is read, so that the client waits. No step holds a thread.
//
//   bytes ─▶ length ─▶ (room) ─▶ frame ─▶ exchange ─▶ handler ─▶ answered ─▶ its turn ─▶ written
//
// What a connection holds: frames, each with a charge of the budget of requests, until they are handled; up
// to one read behind them; and answers, which are counted by the server until they are written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/http/handler/byte_budget.hpp"
#include "cluster/kafka/server/asio.hpp"
#include "cluster/kafka/server/exchange.hpp"
#include "cluster/kafka/server/loop.hpp"
#include "cluster/kafka/server/server_options.hpp"
#include "cluster/transport/protocol/channel.hpp"

namespace millrace::kafka {

class Connection;

/// What a connection needs of its server. In the loop.
class ConnectionHost {
 public:
  virtual ~ConnectionHost() = default;

  [[nodiscard]] virtual const ServerOptions& options() const = 0;
  [[nodiscard]] virtual RequestHandler& handler() = 0;
  [[nodiscard]] virtual const std::shared_ptr<http::ByteBudget>& requests() const = 0;
  [[nodiscard]] virtual SteadyTime time() const = 0;
  /// Connections are to be closed when they have nothing in progress.
  [[nodiscard]] virtual bool is_stopping() const = 0;
  /// Where one read goes; its content is the caller's until it returns to the loop.
  [[nodiscard]] virtual net::mutable_buffer scratch() = 0;
  /// Calls advance() of the connection when there may be room.
  virtual void ask_for_room(Connection& connection) = 0;
  /// Bytes of answers that wait to be written now, as against before.
  virtual void count_unsent(std::int64_t change) = 0;
  /// Whether all connections together have few enough of them.
  [[nodiscard]] virtual bool has_answer_room() const = 0;
  /// Logs why a connection of `client` ends, unless many do.
  virtual void report(const std::string& client, const std::string& reason) = 0;
  /// Forgets the connection, which is closed. It may be destroyed when it returns to the loop.
  virtual void forget(Connection& connection) = 0;
};

class Connection final : public std::enable_shared_from_this<Connection>, private ExchangeHost {
 public:
  /// `tls`: the security of the bytes; null: none.
  Connection(ConnectionHost& host, Tcp::socket socket, std::uint64_t id, Session session,
             std::unique_ptr<transport::Channel> tls);

  void start();
  /// Does what can be done now: writes answers, takes requests that have come.
  void advance();
  /// Acts on deadlines that have passed.
  void sweep(SteadyTime now);
  /// Closes it; whoever handles its requests learns that the client has gone. `reason` is logged, unless
  /// empty.
  void close(const std::string& reason = {});

  [[nodiscard]] std::uint64_t id() const { return id_; }
  /// Whether a request is in progress, or an answer being taken.
  [[nodiscard]] bool is_serving() const { return !exchanges_.empty() || !out_.empty(); }
  /// Whether it has nothing to do, but for a part of the length of a request.
  [[nodiscard]] bool is_idle() const { return !is_serving() && !frame_ && !is_waiting_for_room_; }
  [[nodiscard]] SteadyTime active_at() const { return active_at_; }

 private:
  /// A part of an answer. Invariant: sent < bytes.size().
  struct Out {
    std::string bytes{};
    std::size_t sent = 0;
    http::ByteCharge charge{};
  };

  // ExchangeHost
  void on_answered() override;
  void on_failed(const std::string& reason) override { close(reason); }
  [[nodiscard]] Session& session() override { return session_; }

  void arm_read();
  void on_readable(const NetError& error);
  [[nodiscard]] bool read_once();
  [[nodiscard]] bool may_begin() const;
  [[nodiscard]] bool wants_bytes() const;
  void consume(std::string_view bytes);
  [[nodiscard]] bool begin_frame();
  void on_frame();
  [[nodiscard]] bool hand_over(const std::shared_ptr<Exchange>& exchange);
  [[nodiscard]] bool take_ahead();
  void collect_answers();
  void flush();
  [[nodiscard]] bool write_plain(NetError& error);
  [[nodiscard]] bool write_tls(NetError& error);
  void on_written(std::size_t count);

  ConnectionHost& host_;
  Tcp::socket socket_;
  const std::uint64_t id_;
  const SteadyTime accepted_at_;
  Session session_;
  std::unique_ptr<transport::Channel> tls_;
  std::string plain_{};  ///< of one read, decoded
  bool is_closing_ = false;
  bool is_closed_ = false;
  bool is_reading_ = false;    ///< a wait for bytes is outstanding
  bool is_writing_ = false;    ///< a wait for room in the socket is outstanding
  bool is_advancing_ = false;  ///< within advance() or a read

  unsigned char length_[4]{};       ///< of the next frame
  std::size_t length_used_ = 0;     ///< bytes of length_ that have come
  std::shared_ptr<Frame> frame_{};  ///< that is coming in
  SteadyTime frame_due_{};          ///< it must be here by then
  bool is_waiting_for_room_ = false;
  std::string ahead_{};  ///< received, and waits for a bound

  std::deque<std::shared_ptr<Exchange>> exchanges_{};  ///< in the order of the requests
  std::deque<std::size_t> frame_sizes_{};              ///< of exchanges_
  std::uint64_t in_flight_bytes_ = 0;                  ///< the sum of frame_sizes_
  std::shared_ptr<Exchange> deferred_{};               ///< the handler has no room for it yet

  std::deque<Out> out_{};
  std::int64_t unsent_ = 0;  ///< bytes of out_, counted at the host
  std::vector<char> tls_out_{};
  std::size_t tls_sent_ = 0;
  SteadyTime active_at_{};  ///< bytes were received or sent
};

}  // namespace millrace::kafka
