// Standby: the HTTP API of a process that waits for a seat: /healthz says that it is alive, /readyz that it
// serves nothing, and why.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/engines/seats.hpp"
#include "cluster/config/config.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Thread-safe, but for stop().
class Standby {
 public:
  struct Options {
    std::string version{};             ///< of the program
    std::function<void()> on_drain{};  ///< as ClusterNode::Options::on_drain
  };

  /// Opens the HTTP API of `config`, which must have passed its checks. Fails as the HTTP server does, with
  /// `unreachable` if the address cannot be bound, or if the token cannot be read.
  [[nodiscard]] static Result<std::unique_ptr<Standby>> start(const config::Config& config,
                                                              const Options& options);
  /// As stop().
  ~Standby();
  Standby(const Standby&) = delete;
  Standby& operator=(const Standby&) = delete;

  /// Sets what members() shows and why the process waits.
  void set_seats(const std::vector<postgres_log::Seat>& seats);
  void set_reason(const Error& reason);
  /// Sets what is added to the reason: how far the process follows the logs of nodes.
  void set_follows(const std::string& text);

  /// "host:port"; stays the same after stop().
  [[nodiscard]] const std::string& address() const;

  /// Gives the address up, so that the node can take it. A second call does nothing.
  void stop();

 private:
  class Parts;
  explicit Standby(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::cluster
