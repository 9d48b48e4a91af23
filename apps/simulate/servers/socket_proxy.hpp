// SocketProxy: stands between clients and a server on Unix sockets, and does what networks do: cuts
// connections, loses answers, holds bytes back.
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace millrace::servers {

/// Any thread may call any function.
class SocketProxy {
 public:
  /// Listens in `directory`, which is made, as a server with port 5432 would; leads to the socket `target`.
  SocketProxy(std::filesystem::path directory, std::filesystem::path target);
  ~SocketProxy();
  SocketProxy(const SocketProxy&) = delete;
  SocketProxy& operator=(const SocketProxy&) = delete;

  [[nodiscard]] std::filesystem::path directory() const { return path_.parent_path(); }

  /// What connections meet from now on, and those that exist. Returns when it is so.
  void cut(bool is_cut);
  /// Leads new connections elsewhere, and ends those that exist.
  void set_target(std::filesystem::path target);
  /// Bytes from the server do not arrive until this is called with false.
  void hold_answers(bool holds);
  /// Nothing passes in either direction, and nobody hears of it, until this is called with false: as a
  /// network that drops all packets. New connections are taken, and get no answer.
  void hold_all(bool holds);
  /// The next answer that a commit has taken place does not arrive: all connections end, then as
  /// cut(true).
  void lose_next_commit();
  /// What the next client sends that writes a group stays here, with all that follows on its connection.
  void freeze_next_group();
  /// Waits until a connection is frozen; false after a minute.
  [[nodiscard]] bool await_frozen();
  /// What is frozen goes on.
  void thaw();

 private:
  struct Connection;

  void run();
  void change(const std::function<void()>& set);
  void accept_one();
  void serve(Connection& connection, short client_events, short server_events);
  void on_client_bytes(Connection& connection, std::string bytes);
  void on_server_bytes(Connection& connection, std::string bytes);
  void close_all();

  const std::filesystem::path path_;
  int listener_ = -1;
  int wake_ = -1;

  std::mutex mutex_;  ///< guards all below; held by the thread but while it waits
  std::condition_variable changed_;
  std::filesystem::path target_;
  std::vector<std::unique_ptr<Connection>> connections_;
  bool is_cut_ = false;
  bool holds_answers_ = false;
  bool holds_all_ = false;
  bool loses_commit_ = false;
  bool freezes_group_ = false;
  bool is_frozen_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace millrace::servers
