// ChildNode: a node in a child process, for tests that stop or kill it.
#pragma once

#include <csignal>
#include <cstdint>
#include <functional>

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/transport/two_nodes.hpp"

namespace millrace::transport {

class ChildNode {
 public:
  /// Forks a child that starts a transport with `options`; waits for its port. Construct before
  /// this process has threads.
  explicit ChildNode(const TransportOptions& options) {
    int ends[2];
    if (pipe(ends) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      RecordingListener listener;
      listener.is_keeping_frames = false;
      const auto transport = started(options, listener);
      const std::uint16_t port = transport ? transport->port() : 0;
      (void)!write(ends[1], &port, sizeof port);
      for (;;) pause();
    }
    close(ends[1]);
    if (read(ends[0], &port_, sizeof port_) != sizeof port_) port_ = 0;
    close(ends[0]);
  }
  ~ChildNode() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  ChildNode(const ChildNode&) = delete;
  ChildNode& operator=(const ChildNode&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void signal(int what) const { ::kill(pid_, what); }

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace millrace::transport
