// ServerLoop: accepts connections, and carries out what they and the handlers wait for. One thread runs
// it.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "cluster/kafka/server/connection.hpp"
#include "cluster/kafka/server/loop.hpp"

struct ssl_ctx_st;

namespace millrace::kafka {

class ServerLoop final : public Loop, private ConnectionHost, private LoopWaker {
 public:
  /// Nothing is accepted before start(). `tls` is null for plain text.
  ServerLoop(const ServerOptions& options, std::unique_ptr<net::io_context> context,
             Tcp::acceptor acceptor, std::shared_ptr<ssl_ctx_st> tls);
  ~ServerLoop() override;
  ServerLoop(const ServerLoop&) = delete;
  ServerLoop& operator=(const ServerLoop&) = delete;

  /// Serves from now on. `handler` outlives the loop's thread, which ends with stop().
  void start(RequestHandler& handler);
  /// Accepts no more, lets the handler answer what waits, waits up to `grace` for requests in progress,
  /// closes the rest, and ends the thread. A second call does nothing.
  void stop(std::chrono::milliseconds grace);

  // Loop
  [[nodiscard]] const std::shared_ptr<Mailbox>& mailbox() const override { return mailbox_; }
  [[nodiscard]] SteadyTime now() const override { return std::chrono::steady_clock::now(); }
  TimerId at(SteadyTime time, Task task) override;
  void cancel(const TimerId& timer) override { timers_.cancel(timer); }

  [[nodiscard]] const std::shared_ptr<http::ByteBudget>& requests_budget() const {
    return requests_;
  }
  [[nodiscard]] const std::shared_ptr<http::ByteBudget>& answers_budget() const { return answers_; }

 private:
  // ConnectionHost
  [[nodiscard]] const ServerOptions& options() const override { return options_; }
  [[nodiscard]] RequestHandler& handler() override { return *handler_; }
  [[nodiscard]] const std::shared_ptr<http::ByteBudget>& requests() const override {
    return requests_;
  }
  [[nodiscard]] SteadyTime time() const override { return now(); }
  [[nodiscard]] bool is_stopping() const override { return is_stopping_; }
  [[nodiscard]] net::mutable_buffer scratch() override { return net::buffer(scratch_); }
  void ask_for_room(Connection& connection) override;
  void count_unsent(std::int64_t change) override { unsent_ += change; }
  [[nodiscard]] bool has_answer_room() const override {
    return unsent_ < static_cast<std::int64_t>(options_.answers_bytes_max);
  }
  void report(const std::string& client, const std::string& reason) override;
  void forget(Connection& connection) override;

  // LoopWaker
  void wake_loop() override;

  void accept_next();
  void accept(Tcp::socket socket);
  [[nodiscard]] bool make_place();
  void take_tasks();
  void arm_timer();
  void run_timers();
  void arm_sweep();
  void sweep();
  void give_room();
  void begin_stop();
  void report_if_quiet();
  void end();
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> all() const;

  const ServerOptions options_;
  std::unique_ptr<net::io_context> context_;
  Tcp::acceptor acceptor_;
  const std::shared_ptr<ssl_ctx_st> tls_;
  RequestHandler* handler_ = nullptr;
  net::steady_timer accept_timer_;
  net::steady_timer sweep_timer_;
  net::steady_timer task_timer_;
  const std::shared_ptr<Mailbox> mailbox_;
  const std::shared_ptr<http::ByteBudget> requests_;
  const std::shared_ptr<http::ByteBudget> answers_;
  std::array<char, 256u << 10> scratch_;  // NOLINT: filled by reads

  TimerQueue timers_{};
  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections_{};
  std::uint64_t last_id_ = 0;
  std::deque<std::weak_ptr<Connection>> room_line_{};  ///< wait for room, in their order
  std::int64_t unsent_ = 0;                            ///< bytes of answers of all connections
  std::optional<SteadyTime> reported_at_{};
  std::uint64_t unreported_ = 0;  ///< ends of connections since then
  bool is_sweep_armed_ = false;
  bool is_stopping_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_quiet_ = false;    ///< under mutex_: stopping, and no request is in progress
  bool is_stopped_ = false;  ///< by the caller of stop()
  std::thread thread_;
};

}  // namespace millrace::kafka
