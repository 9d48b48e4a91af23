// ServerLoop: accepts connections, and carries out what they wait for. One thread runs it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "cluster/http/server/connection.hpp"

namespace millrace::http {

class ServerLoop final : private ConnectionHost, private LoopWaker {
 public:
  /// Accepts at once. `handler` outlives this.
  ServerLoop(const ServerOptions& options, std::unique_ptr<net::io_context> context,
             Tcp::acceptor acceptor, HttpHandler& handler);
  ~ServerLoop() override;
  ServerLoop(const ServerLoop&) = delete;
  ServerLoop& operator=(const ServerLoop&) = delete;

  /// Accepts no more, ends streams and idle connections, waits up to `grace` for requests in
  /// progress, closes the rest, and waits for handlers that run. A second call does nothing.
  void stop(std::chrono::milliseconds grace);

 private:
  /// A request that waits until there is room for its answer.
  struct Deferred {
    Lane lane;
    Work work;
  };

  // ConnectionHost
  [[nodiscard]] const ServerOptions& options() const override { return options_; }
  [[nodiscard]] HttpHandler& handler() override { return handler_; }
  [[nodiscard]] const std::shared_ptr<LoopInbox>& inbox() const override { return inbox_; }
  [[nodiscard]] const std::shared_ptr<ByteBudget>& bodies() const override { return bodies_; }
  [[nodiscard]] bool is_stopping() const override { return is_stopping_; }
  [[nodiscard]] net::mutable_buffer scratch() override { return net::buffer(scratch_); }
  void run(Connection& connection, Lane lane, Work work) override;
  void ask_for_room(Connection& connection) override;
  void note(const Connection& connection, Occupation occupation) override;
  void count_answer(std::int64_t change) override;
  void forget(Connection& connection) override;

  // LoopWaker
  void wake_loop() override;

  void accept_next();
  void accept(Tcp::socket socket);
  void take_events();
  void arm_sweep();
  void sweep();
  void close(ActivityOrder::Id id);
  void give_room();
  [[nodiscard]] bool has_answer_room(Lane lane) const;
  [[nodiscard]] std::shared_ptr<Connection> find(std::uint64_t id) const;
  void begin_stop();
  void report_if_quiet();

  const ServerOptions options_;
  HttpHandler& handler_;
  std::unique_ptr<net::io_context> context_;
  Tcp::acceptor acceptor_;
  net::steady_timer accept_timer_;
  net::steady_timer sweep_timer_;
  const std::shared_ptr<LoopInbox> inbox_;
  const std::shared_ptr<ByteBudget> bodies_;
  std::array<char, 64u << 10> scratch_;  // NOLINT: filled by reads

  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections_{};
  std::uint64_t last_id_ = 0;
  ActivityOrder order_{};              ///< of connections within connections_max
  std::set<std::uint64_t> reserve_{};  ///< those beyond; later ones have greater numbers
  std::deque<std::weak_ptr<Connection>> room_line_{};  ///< wait for room for their bodies
  std::deque<Deferred> answer_line_{};                 ///< wait for room for their answers
  std::int64_t answer_bytes_ = 0;
  bool is_sweep_armed_ = false;
  bool is_stopping_ = false;

  WorkPool pool_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_quiet_ = false;    ///< under mutex_: stopping, and no request is in progress
  bool is_stopped_ = false;  ///< by the caller of stop()
  std::thread thread_;
};

}  // namespace millrace::http
